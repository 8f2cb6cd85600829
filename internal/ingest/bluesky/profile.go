package bluesky

import (
	"container/list"
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/pkg/mention"
)

const (
	// perRequest is how many accounts one request may name.
	perRequest = 25
	// keepProfiles and keepFor bound the cache.
	keepProfiles = 10_000
	keepFor      = time.Hour
	// restFor is how long nothing is asked after a failure, so that a server that
	// hangs does not delay every post.
	restFor = 15 * time.Second
)

// profiles looks authors up and remembers them.
type profiles struct {
	client *httpx.Client
	base   *url.URL

	mu    sync.Mutex
	order *list.List // of *profile, the latest used first
	byDID map[string]*list.Element
	rest  time.Time
}

type profile struct {
	did    string
	author mention.Author
	at     time.Time
}

func newProfiles(c *httpx.Client, base *url.URL) *profiles {
	return &profiles{client: c, base: base, order: list.New(), byDID: map[string]*list.Element{}}
}

// fill completes the authors of posts by the deadline. It reports false when it
// had to ask and got no answer; the posts then keep what they have.
func (p *profiles) fill(ctx context.Context, posts []*mention.Mention, deadline time.Time) bool {
	missing := map[string]bool{}
	for _, m := range posts {
		if !p.use(m) {
			missing[m.Author.ID] = true
		}
	}
	if len(missing) == 0 || p.resting() {
		return true
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	dids := make([]string, 0, perRequest)
	ok := true
	for did := range missing {
		dids = append(dids, did)
		if len(dids) == perRequest {
			ok = ok && p.ask(ctx, dids)
			dids = dids[:0]
		}
	}
	if len(dids) > 0 {
		ok = ok && p.ask(ctx, dids)
	}
	for _, m := range posts {
		p.use(m)
	}
	return ok
}

// use completes m from what is remembered.
func (p *profiles) use(m *mention.Mention) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	el, ok := p.byDID[m.Author.ID]
	if !ok {
		return false
	}
	one, ok := el.Value.(*profile)
	if !ok || time.Since(one.at) > keepFor {
		return false
	}
	p.order.MoveToFront(el)
	m.Author = one.author
	return true
}

func (p *profiles) resting() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Before(p.rest)
}

// forget drops an account whose handle changed.
func (p *profiles) forget(did string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if el, ok := p.byDID[did]; ok {
		p.order.Remove(el)
		delete(p.byDID, did)
	}
}

func (p *profiles) keep(did string, a mention.Author) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if el, ok := p.byDID[did]; ok {
		p.order.Remove(el)
	}
	p.byDID[did] = p.order.PushFront(&profile{did: did, author: a, at: time.Now()})
	for p.order.Len() > keepProfiles {
		last := p.order.Back()
		if one, ok := last.Value.(*profile); ok {
			delete(p.byDID, one.did)
		}
		p.order.Remove(last)
	}
}

type profileView struct {
	DID          string `json:"did"`
	Handle       string `json:"handle"`
	DisplayName  string `json:"displayName"`
	Followers    int64  `json:"followersCount"`
	Verification struct {
		Status string `json:"verifiedStatus"`
	} `json:"verification"`
}

func (p *profiles) ask(ctx context.Context, dids []string) bool {
	u := *p.base
	u.Path = strings.TrimSuffix(u.Path, "/") + "/xrpc/app.bsky.actor.getProfiles"
	u.RawQuery = url.Values{"actors": dids}.Encode()
	resp, err := p.client.Get(ctx, u.String(), "Accept", "application/json")
	var out struct {
		Profiles []profileView `json:"profiles"`
	}
	if err != nil || resp.Err() != nil || json.Unmarshal(resp.Body, &out) != nil {
		p.mu.Lock()
		p.rest = time.Now().Add(restFor)
		p.mu.Unlock()
		return false
	}
	asked := map[string]bool{}
	for _, did := range dids {
		asked[did] = true
	}
	for _, v := range out.Profiles {
		if !asked[v.DID] {
			continue
		}
		handle := v.Handle
		if handle == "handle.invalid" {
			handle = ""
		}
		p.keep(v.DID, mention.Author{
			ID: v.DID, Handle: handle, Name: v.DisplayName, Followers: max(v.Followers, 0), Verified: v.Verification.Status == "valid",
		})
		delete(asked, v.DID)
	}
	// Accounts that are not told (just deleted, or hidden) are not asked for again.
	for did := range asked {
		p.keep(did, mention.Author{ID: did})
	}
	return true
}
