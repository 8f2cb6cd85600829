package feeds

import (
	"context"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// subscriber is one connection to /subscribe.
type subscriber struct {
	collections []string
	dids        []string
	zstd        bool
	maxBytes    int
	after       int64 // time of the last event that was sent
}

func (s *subscriber) wants(e event) bool {
	if s.maxBytes > 0 && len(e.json) > s.maxBytes {
		return false
	}
	if e.collection == "" {
		return true
	}
	if len(s.dids) > 0 && !slices.Contains(s.dids, e.did) {
		return false
	}
	if len(s.collections) == 0 {
		return true
	}
	return slices.ContainsFunc(s.collections, func(c string) bool {
		prefix, star := strings.CutSuffix(c, ".*")
		return c == e.collection || star && strings.HasPrefix(e.collection, prefix+".")
	})
}

func (j *Jetstream) subscribe(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	sub := &subscriber{collections: q["wantedCollections"], dids: q["wantedDids"]}
	sub.zstd = q.Get("compress") == "true" || strings.Contains(r.Header.Get("Socket-Encoding"), "zstd")
	sub.maxBytes, _ = strconv.Atoi(q.Get("maxMessageSizeBytes"))
	if len(sub.collections) > 100 || len(sub.dids) > 10_000 {
		http.Error(w, "too many wanted collections or DIDs", http.StatusBadRequest)
		return
	}
	j.mu.Lock()
	sub.after = j.lastUS
	j.cursors = append(j.cursors, q.Get("cursor"))
	if c := q.Get("cursor"); c != "" {
		us, err := strconv.ParseInt(c, 10, 64)
		if err != nil {
			j.mu.Unlock()
			http.Error(w, "invalid cursor", http.StatusBadRequest)
			return
		}
		// A cursor in the future is live; one too old is moved up without a word.
		if us <= j.lastUS {
			sub.after = max(us, time.Now().Add(-j.lookback).UnixMicro()) - 1
		}
	}
	epoch := j.epoch
	j.mu.Unlock()

	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(10 << 20)
	j.mu.Lock()
	j.conns++
	j.mu.Unlock()
	defer func() {
		j.mu.Lock()
		j.conns--
		j.mu.Unlock()
	}()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() { // options_update and other client frames are read and have no effect here
		defer cancel()
		for {
			if _, _, err := conn.Read(ctx); err != nil {
				return
			}
		}
	}()
	j.stream(ctx, conn, sub, epoch)
}

// stream sends what sub wants until the connection ends.
func (j *Jetstream) stream(ctx context.Context, conn *websocket.Conn, sub *subscriber, epoch int) {
	ping := time.NewTicker(30 * time.Second)
	defer ping.Stop()
	for {
		batch, wake, code, over := j.pending(sub, epoch)
		if over {
			if code != 0 {
				_ = conn.Close(websocket.StatusCode(code), "closed by the server")
			}
			return
		}
		for _, e := range batch {
			var err error
			typ, payload := websocket.MessageText, e.json
			if sub.zstd {
				typ = websocket.MessageBinary
				if payload, err = j.zstd.compress(e.json); err != nil {
					return
				}
			}
			wctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			err = conn.Write(wctx, typ, payload)
			cancel()
			if err != nil {
				return
			}
			sub.after = e.us
		}
		if len(batch) > 0 {
			continue
		}
		select {
		case <-wake:
		case <-ping.C:
			pctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			err := conn.Ping(pctx)
			cancel()
			if err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// pending is what sub has not had yet, and what to wait for when that is nothing.
func (j *Jetstream) pending(sub *subscriber, epoch int) (batch []event, wake <-chan struct{}, code int, over bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.epoch != epoch {
		return nil, nil, j.code, true
	}
	if j.silent {
		return nil, j.wake, 0, false
	}
	from := sort.Search(len(j.events), func(i int) bool { return j.events[i].us > sub.after })
	for _, e := range j.events[from:] {
		if sub.wants(e) {
			batch = append(batch, e)
		}
		if len(batch) == 500 {
			break
		}
	}
	return batch, j.wake, 0, false
}
