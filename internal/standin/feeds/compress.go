package feeds

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"strconv"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// DictionaryID is the id of Jetstream's first zstd dictionary.
const DictionaryID = 1612007021

// compressor makes zstd frames with a dictionary of its own, as Jetstream does.
// The dictionary is built when it is first needed.
type compressor struct {
	mu   sync.Mutex
	dict []byte
	enc  *zstd.Encoder
}

func (c *compressor) dictionary() ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.build()
	return c.dict, err
}

func (c *compressor) compress(b []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.build(); err != nil {
		return nil, err
	}
	return c.enc.EncodeAll(b, nil), nil
}

func (c *compressor) build() error {
	if c.enc != nil {
		return nil
	}
	// The history is what frames have in common; the contents differ from it, so
	// that there is something to learn the code tables from.
	var history []byte
	var contents [][]byte
	for i := range 48 {
		h := fnv.New128a()
		_, _ = h.Write([]byte(strconv.Itoa(i)))
		n := base64.RawURLEncoding.EncodeToString(h.Sum(nil))
		b := []byte(`{"did":"did:plc:` + n + `","time_us":17954304` + strconv.Itoa(i*7919) + `,"kind":"commit","commit":{"rev":"` + n +
			`","operation":"create","collection":"app.bsky.feed.post","rkey":"` + n +
			`","record":{"$type":"app.bsky.feed.post","createdAt":"2026-11-23T10:00:00.000Z","langs":["en"],` +
			`"reply":{"parent":{"cid":"bafy` + n + `","uri":"at://did:plc:` + n + `/app.bsky.feed.post/"},"root":{"cid":"bafy","uri":"at://"}},` +
			`"text":"` + n + ` are the words of a sample"},"cid":"bafyrei` + n + `"}}`)
		if i < 16 {
			history = append(history, b...)
			continue
		}
		contents = append(contents, b)
	}
	dict, err := zstd.BuildDict(zstd.BuildDictOptions{
		ID: DictionaryID, Contents: contents, History: history, Offsets: [3]int{1, 4, 8}, Level: zstd.SpeedDefault,
	})
	if err != nil {
		return fmt.Errorf("building the dictionary: %w", err)
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderDict(dict), zstd.WithWindowSize(128<<10), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return fmt.Errorf("making the encoder: %w", err)
	}
	c.dict, c.enc = dict, enc
	return nil
}

// Dictionary is the zstd dictionary of the frames.
func (j *Jetstream) Dictionary() ([]byte, error) { return j.zstd.dictionary() }
