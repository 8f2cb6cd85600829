package bluesky

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/ingest"
)

// maxFrame is the largest frame after decompression.
const maxFrame = 8 << 20

// dictionaries decode zstd frames. Jetstream compresses with a dictionary of its
// own: it comes from the config, or is asked of the server when a frame names it.
// Where neither has it, the stream goes on without compression.
type dictionaries struct {
	client *httpx.Client
	from   *url.URL

	mu     sync.Mutex
	dicts  [][]byte
	dec    *zstd.Decoder
	failed bool
}

// unusable reports whether a dictionary was needed that nobody has.
func (d *dictionaries) unusable() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failed
}

// add makes a dictionary known.
func (d *dictionaries) add(dict []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	dec, err := zstd.NewReader(nil, zstd.WithDecoderDicts(append(d.dicts, dict)...),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxFrame))
	if err != nil {
		return err
	}
	d.dicts, d.dec = append(d.dicts, dict), dec
	return nil
}

func (d *dictionaries) decode(ctx context.Context, data []byte) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(data); err != nil {
		return nil, ingest.Fault(ingest.ReasonCompression, "a binary frame is no zstd")
	}
	out, err := d.tryDecode(data)
	if err == nil {
		return out, nil
	}
	if h.DictionaryID != 0 && !d.has(h.DictionaryID) {
		if err = d.fetch(ctx, h.DictionaryID); err == nil {
			out, err = d.tryDecode(data)
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		d.mu.Lock()
		d.failed = true
		d.mu.Unlock()
		return nil, &ingest.Error{Reason: ingest.ReasonCompression, Err: fmt.Errorf("decoding a zstd frame, going on without compression: %w", err)}
	}
	return out, nil
}

func (d *dictionaries) tryDecode(data []byte) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dec == nil {
		dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxFrame))
		if err != nil {
			return nil, err
		}
		d.dec = dec
	}
	return d.dec.DecodeAll(data, nil)
}

func (d *dictionaries) has(id uint32) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, dict := range d.dicts {
		if info, err := zstd.InspectDictionary(dict); err == nil && info.ID() == id {
			return true
		}
	}
	return false
}

func (d *dictionaries) fetch(ctx context.Context, id uint32) error {
	u := *d.from
	u.RawQuery = url.Values{"id": {strconv.FormatUint(uint64(id), 10)}}.Encode()
	resp, err := d.client.Get(ctx, u.String())
	if err != nil {
		return err
	}
	if err := resp.Err(); err != nil {
		return err
	}
	return d.add(resp.Body)
}
