package bluesky

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/leakytap/leakytap/pkg/mention"
)

// event is one frame as it matters here; at most one of its parts is set.
type event struct {
	at     time.Time // when it was read
	timeUS int64
	post   mention.Mention
	// gone is the DID of a deleted account, identity of one that has another handle.
	gone, identity string
	// bad says why raw is no frame.
	bad string
	raw []byte
}

type frame struct {
	DID    string `json:"did"`
	TimeUS int64  `json:"time_us"`
	Kind   string `json:"kind"`
	Commit *struct {
		Operation  string          `json:"operation"`
		Collection string          `json:"collection"`
		RKey       string          `json:"rkey"`
		Record     json.RawMessage `json:"record"`
	} `json:"commit"`
	Account *struct {
		Active bool   `json:"active"`
		Status string `json:"status"`
	} `json:"account"`
}

type postRecord struct {
	Text      string   `json:"text"`
	CreatedAt string   `json:"createdAt"`
	Langs     []string `json:"langs"`
	Reply     *struct {
		Root   ref `json:"root"`
		Parent ref `json:"parent"`
	} `json:"reply"`
}

type ref struct {
	URI string `json:"uri"`
}

// maxRaw is how much of a broken frame is kept for the dead letters.
const maxRaw = 64 << 10

// earliest is a time before Jetstream: an event that claims less has a broken clock.
const earliest = 1_600_000_000_000_000

// parse reads a frame. It gives an event in every case.
func parse(data []byte, now time.Time) event {
	e := event{at: now}
	var f frame
	if err := json.Unmarshal(data, &f); err != nil {
		e.bad, e.raw = "the frame is no JSON of a known shape: "+short(err), data[:min(len(data), maxRaw)]
		return e
	}
	// A time that is not of this world must not move the cursor.
	if f.TimeUS > earliest && f.TimeUS < now.Add(time.Hour).UnixMicro() {
		e.timeUS = f.TimeUS
	}
	switch {
	case f.Kind == "account" && f.Account != nil:
		if !f.Account.Active && (f.Account.Status == "deleted" || f.Account.Status == "takendown") && validDID(f.DID) {
			e.gone = f.DID
		}
	case f.Kind == "identity":
		e.identity = f.DID
	case f.Kind == "commit" && f.Commit != nil && f.Commit.Collection == collection:
		return e.commit(f, data)
	}
	return e
}

func (e event) commit(f frame, data []byte) event {
	native := f.DID + "/" + f.Commit.RKey
	if !validDID(f.DID) || !validKey(f.Commit.RKey) {
		e.bad, e.raw = "the post has no valid did and rkey", data[:min(len(data), maxRaw)]
		return e
	}
	m := mention.Mention{
		Platform: Platform, NativeID: native, Kind: mention.KindPost, ObservedAt: e.at,
		URL: "https://bsky.app/profile/" + f.DID + "/post/" + f.Commit.RKey, Author: mention.Author{ID: f.DID},
	}
	millis := e.timeUS / 1000
	if millis == 0 {
		millis = e.at.UnixMilli()
	}
	if f.Commit.Operation == "delete" {
		m.Retracted, m.Revision = true, millis
		e.post = m
		return e
	}
	var r postRecord
	if err := json.Unmarshal(f.Commit.Record, &r); err != nil {
		e.bad, e.raw = "the post's record has not the shape of a post: "+short(err), data[:min(len(data), maxRaw)]
		return e
	}
	m.Text = clip(r.Text, 2*mention.MaxText)
	m.CreatedAt = time.UnixMilli(millis)
	if t, err := time.Parse(time.RFC3339, r.CreatedAt); err == nil && t.Year() >= 1990 && t.Year() < 9999 {
		m.CreatedAt = t
	}
	if len(r.Langs) == 1 { // several languages say as little as none
		m.Lang = r.Langs[0]
	}
	if r.Reply != nil {
		m.ParentID, m.RootID = postID(r.Reply.Parent.URI), postID(r.Reply.Root.URI)
		if m.ParentID != "" || m.RootID != "" {
			m.Kind = mention.KindReply
		}
	}
	if f.Commit.Operation == "update" {
		m.Revision = millis
	}
	e.post = m
	return e
}

// postID is the id of the post at an at:// URI, empty where it is none.
func postID(uri string) string {
	rest, ok := strings.CutPrefix(uri, "at://")
	if !ok {
		return ""
	}
	did, rkey, ok := strings.Cut(rest, "/"+collection+"/")
	if !ok || !validDID(did) || !validKey(rkey) {
		return ""
	}
	return mention.MakeID(Platform, did+"/"+rkey)
}

var (
	didForm = regexp.MustCompile(`^did:[a-z]{1,20}:[A-Za-z0-9._:%-]{1,256}$`)
	keyForm = regexp.MustCompile(`^[A-Za-z0-9._~:-]{1,128}$`)
)

func validDID(s string) bool { return didForm.MatchString(s) }

func validKey(s string) bool { return keyForm.MatchString(s) }

func short(err error) string { return clip(err.Error(), 120) }

func clip(s string, limit int) string {
	if len(s) > limit {
		return strings.ToValidUTF8(s[:limit], "")
	}
	return s
}
