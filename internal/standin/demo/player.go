package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"time"

	"github.com/leakytap/leakytap/internal/standin/feeds"
	"github.com/leakytap/leakytap/internal/standin/scenario"
)

// written is where a post of the scenario stands in the world.
type written struct {
	post  scenario.Post
	did   string
	rkey  string
	uri   string
	root  string
	guid  string
	hnID  int64
	round int
}

// Play plays the scenario into the world, from the start again when it has
// ended, until ctx ends. ingestURL is where the daemon takes webhook posts.
func (w *World) Play(ctx context.Context, ingestURL string) error {
	for round := 0; ; round++ {
		for _, p := range scenario.Posts() {
			t := time.NewTimer(p.After)
			select {
			case <-ctx.Done():
				t.Stop()
				return nil
			case <-t.C:
			}
			if err := w.Do(ctx, p, round, ingestURL); err != nil && ctx.Err() == nil {
				return fmt.Errorf("playing %s: %w", p.Key, err)
			}
		}
	}
}

// Do lets one event of the scenario happen. Each round has other authors and
// ids, as the same complaints come from other people on another day.
func (w *World) Do(ctx context.Context, p scenario.Post, round int, ingestURL string) error {
	w.mu.Lock()
	w.seq++
	seq := w.seq
	target := w.posts[p.ReplyTo]
	w.mu.Unlock()
	if round > 0 && p.Name != "" {
		p.Name += " " + strconv.Itoa(round+1)
	}
	me := written{post: p, round: round}
	switch p.Feed {
	case scenario.Bluesky:
		me = w.bluesky(me, target, seq)
	case scenario.HackerNews:
		me = w.hackerNews(me, seq)
	case scenario.Forum:
		me = w.forumPost(me, target, seq)
	case scenario.Webhook:
		return postReview(ctx, p, seq, ingestURL)
	}
	if p.Act == scenario.Write {
		w.mu.Lock()
		w.posts[p.Key] = me
		w.mu.Unlock()
	}
	return nil
}

func (w *World) bluesky(me, target written, seq int64) written {
	p := me.post
	switch p.Act {
	case scenario.Delete:
		w.Sky.Delete(target.did, target.rkey)
		return me
	case scenario.Edit:
		w.Sky.Update(feeds.Post{DID: target.did, RKey: target.rkey, Text: p.Text, Langs: []string{"en"}})
		return me
	case scenario.Write:
	}
	me.did = did(p.Handle, me.round)
	me.rkey = "3m" + strconv.FormatInt(1_000_000+seq, 36)
	me.uri = "at://" + me.did + "/app.bsky.feed.post/" + me.rkey
	w.Sky.SetProfile(feeds.Profile{DID: me.did, Handle: p.Handle, DisplayName: p.Name, Followers: p.Followers})
	post := feeds.Post{DID: me.did, RKey: me.rkey, Text: p.Text, Langs: []string{"en"}, Parent: target.uri, Root: target.root}
	if target.uri != "" && target.root == "" {
		post.Root = target.uri
	}
	me.root = post.Root
	w.Sky.Publish(post)
	return me
}

// did is an account's id: the same handle is the same account within a round.
func did(handle string, round int) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(handle))
	return fmt.Sprintf("did:plc:%s%02d", strconv.FormatUint(h.Sum64(), 36), round)
}

func (w *World) hackerNews(me written, seq int64) written {
	p := me.post
	me.hnID = 40_000_000 + seq
	item := feeds.HNItem{ID: me.hnID, Author: p.Handle, Created: time.Now()}
	if p.Title != "" {
		item.Title, item.StoryText = p.Title, p.Text
	} else {
		item.Comment, item.StoryID, item.ParentID, item.StoryTitle = p.Text, 39_999_000, 39_999_000, "Ask: tools you left this year"
	}
	w.HN.Put(item)
	return me
}

func (w *World) forumPost(me, target written, seq int64) written {
	p := me.post
	me.guid = "https://forum.example.test/t/" + strconv.FormatInt(seq, 10)
	w.Forum.Put(feeds.Item{
		GUID: me.guid, Link: me.guid, Title: p.Title, HTML: "<p>" + p.Text + "</p>", Author: p.Handle,
		Published: time.Now(), Updated: time.Now(), ReplyTo: target.guid,
	})
	return me
}

func postReview(ctx context.Context, p scenario.Post, seq int64, ingestURL string) error {
	id := "review-" + strconv.FormatInt(seq, 10)
	body, err := json.Marshal(map[string]any{
		"id": "reviews:" + id, "platform": "reviews", "native_id": id, "kind": "review", "rating": p.Rating, "text": p.Text, "lang": "en",
		"url": "https://reviews.example.test/r/" + id, "author": map[string]any{"name": p.Name},
		"created_at": time.Now().UTC().Format(time.RFC3339),
	})
	if err != nil {
		return fmt.Errorf("encoding the review: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, ingestURL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("posting the review: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Timeout: 5 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("posting the review: %w", err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("posting the review: the daemon answered %s", resp.Status)
	}
	return nil
}
