package feeds

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const postCollection = "app.bsky.feed.post"

// Post is a post as a Jetstream client publishes it.
type Post struct {
	DID, RKey, Text string
	Langs           []string
	// Created is what the author's device says; zero is now.
	Created time.Time
	// Root and Parent are at:// URIs of the posts it answers.
	Root, Parent string
}

// Profile is what getProfiles tells about an account.
type Profile struct {
	DID         string `json:"did"`
	Handle      string `json:"handle"`
	DisplayName string `json:"displayName,omitempty"`
	Followers   int64  `json:"followersCount"`
}

// event is one line of the log.
type event struct {
	us         int64
	collection string // empty for account and identity events, which everyone gets
	did        string
	json       []byte
}

// Jetstream serves /subscribe (v1), app.bsky.actor.getProfiles and
// getZstdDictionary. Its Faults hold for getProfiles and before the upgrade of
// /subscribe.
type Jetstream struct {
	Faults

	mu       sync.Mutex
	events   []event
	lastUS   int64
	wake     chan struct{}
	profiles map[string]Profile
	lookback time.Duration
	silent   bool
	// epoch grows when every connection is to close, with code.
	epoch   int
	code    int
	conns   int
	zstd    compressor
	hidden  bool
	cursors []string
}

// NewJetstream makes an empty one.
func NewJetstream() *Jetstream {
	return &Jetstream{wake: make(chan struct{}), profiles: map[string]Profile{}, lookback: 36 * time.Hour}
}

// Publish is a new post.
func (j *Jetstream) Publish(p Post) { j.commit("create", p) }

// Update is a post whose text was changed.
func (j *Jetstream) Update(p Post) { j.commit("update", p) }

// Delete takes a post away.
func (j *Jetstream) Delete(did, rkey string) {
	j.append(did, postCollection, func(us int64) map[string]any {
		return map[string]any{"did": did, "time_us": us, "kind": "commit", "commit": map[string]any{
			"rev": rev(us), "operation": "delete", "collection": postCollection, "rkey": rkey,
		}}
	})
}

// Like is a commit of another collection.
func (j *Jetstream) Like(did, rkey string) {
	const likes = "app.bsky.feed.like"
	j.append(did, likes, func(us int64) map[string]any {
		return map[string]any{"did": did, "time_us": us, "kind": "commit", "commit": map[string]any{
			"rev": rev(us), "operation": "create", "collection": likes, "rkey": rkey, "record": map[string]any{"$type": likes},
		}}
	})
}

// Account says that an account is there, or with a status such as deleted,
// takendown, suspended or deactivated is not.
func (j *Jetstream) Account(did string, active bool, status string) {
	j.append(did, "", func(us int64) map[string]any {
		acc := map[string]any{"active": active, "did": did, "seq": us, "time": rfc(us)}
		if status != "" {
			acc["status"] = status
		}
		return map[string]any{"did": did, "time_us": us, "kind": "account", "account": acc}
	})
}

// Identity says that an account has another handle.
func (j *Jetstream) Identity(did, handle string) {
	j.append(did, "", func(us int64) map[string]any {
		return map[string]any{"did": did, "time_us": us, "kind": "identity", "identity": map[string]any{
			"did": did, "handle": handle, "seq": us, "time": rfc(us),
		}}
	})
}

// Raw is a frame of any bytes.
func (j *Jetstream) Raw(b []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.add(event{us: j.tick(), json: b})
}

// SetProfile is what getProfiles tells from now on.
func (j *Jetstream) SetProfile(p Profile) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.profiles[p.DID] = p
}

// SetLookback is how far back a cursor reaches; an older one is moved up silently.
func (j *Jetstream) SetLookback(d time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lookback = d
}

// SetSilent holds all frames back without closing, as a stuck server does.
func (j *Jetstream) SetSilent(silent bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.silent = silent
	j.rouse()
}

// HideDictionary answers 404 for the dictionary.
func (j *Jetstream) HideDictionary(hidden bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.hidden = hidden
}

// Kick closes every connection with a websocket code such as 1001 or 1008; with
// 0 the connections just break.
func (j *Jetstream) Kick(code int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.epoch, j.code = j.epoch+1, code
	j.rouse()
}

// Conns is how many subscribers are connected.
func (j *Jetstream) Conns() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.conns
}

// Cursors are the cursors that subscribers asked for, in order, empty for live.
func (j *Jetstream) Cursors() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.cursors...)
}

// ServeHTTP answers all endpoints.
func (j *Jetstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/subscribe":
		j.around(w, r, j.subscribe)
	case "/xrpc/app.bsky.actor.getProfiles":
		j.around(w, r, j.getProfiles)
	case "/xrpc/network.bsky.jetstream.getZstdDictionary":
		j.getDictionary(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (j *Jetstream) getProfiles(w http.ResponseWriter, r *http.Request) {
	actors := r.URL.Query()["actors"]
	w.Header().Set("Content-Type", "application/json")
	if len(actors) == 0 || len(actors) > 25 {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"InvalidRequest","message":"actors must have 1 to 25 elements"}`))
		return
	}
	out := struct {
		Profiles []Profile `json:"profiles"`
	}{Profiles: []Profile{}}
	j.mu.Lock()
	for _, a := range actors {
		if p, ok := j.profiles[a]; ok {
			out.Profiles = append(out.Profiles, p)
		}
	}
	j.mu.Unlock()
	_ = json.NewEncoder(w).Encode(out)
}

func (j *Jetstream) getDictionary(w http.ResponseWriter, r *http.Request) {
	j.mu.Lock()
	hidden := j.hidden
	j.mu.Unlock()
	if id := r.URL.Query().Get("id"); hidden || id != "" && id != strconv.Itoa(DictionaryID) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"error":"DictionaryNotFound","message":"no such dictionary"}`))
		return
	}
	dict, err := j.zstd.dictionary()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("X-Zstd-Dictionary-Id", strconv.Itoa(DictionaryID))
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(dict)
}

func (j *Jetstream) commit(op string, p Post) {
	j.append(p.DID, postCollection, func(us int64) map[string]any {
		created := p.Created
		if created.IsZero() {
			created = time.UnixMicro(us)
		}
		rec := map[string]any{"$type": postCollection, "text": p.Text, "createdAt": created.UTC().Format("2006-01-02T15:04:05.000Z")}
		if len(p.Langs) > 0 {
			rec["langs"] = p.Langs
		}
		if p.Parent != "" {
			rec["reply"] = map[string]any{
				"root":   map[string]any{"uri": p.Root, "cid": "bafyroot"},
				"parent": map[string]any{"uri": p.Parent, "cid": "bafyparent"},
			}
		}
		return map[string]any{"did": p.DID, "time_us": us, "kind": "commit", "commit": map[string]any{
			"rev": rev(us), "operation": op, "collection": postCollection, "rkey": p.RKey, "record": rec, "cid": "bafy" + p.RKey,
		}}
	})
}

func (j *Jetstream) append(did, collection string, frame func(us int64) map[string]any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	us := j.tick()
	b, err := json.Marshal(frame(us))
	if err != nil {
		return // strings and numbers always encode
	}
	j.add(event{us: us, collection: collection, did: did, json: b})
}

// maxEvents bounds the log of the stand-in.
const maxEvents = 200_000

func (j *Jetstream) add(e event) {
	j.events = append(j.events, e)
	if len(j.events) > maxEvents {
		j.events = append([]event(nil), j.events[len(j.events)-maxEvents/2:]...)
	}
	j.rouse()
}

// tick is a time in microseconds that is later than every one before.
func (j *Jetstream) tick() int64 {
	j.lastUS = max(j.lastUS+1, time.Now().UnixMicro())
	return j.lastUS
}

// rouse wakes every subscriber.
func (j *Jetstream) rouse() {
	close(j.wake)
	j.wake = make(chan struct{})
}

func rev(us int64) string { return "3m" + strconv.FormatInt(us, 32) }

func rfc(us int64) string { return time.UnixMicro(us).UTC().Format(time.RFC3339Nano) }
