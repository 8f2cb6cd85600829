package rss

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/ingest/markup"
	"github.com/leakytap/leakytap/pkg/mention"
)

// Platform is the platform of posts that come by RSS, Atom and JSON Feed.
const Platform = "rss"

// home is what the posts of one feed share.
type home struct {
	// base is the feed's URL, which relative links start from.
	base *url.URL
	// place names the feed in ids whose own part is not unique in the world.
	place string
	site  string
	lang  string
	link  string
}

func newHome(base *url.URL) home {
	place := *base
	place.User, place.RawQuery, place.Fragment = nil, "", ""
	return home{base: base, place: strings.TrimPrefix(place.String(), place.Scheme+"://"), site: base.Hostname()}
}

// mention makes a mention of an entry.
func (h home) mention(e entry) mention.Mention {
	link := h.resolve(unwrap(e.link))
	if link == "" && isURL(e.guid) {
		link = e.guid
	}
	m := mention.Mention{
		Platform: Platform, Kind: mention.KindPost, URL: link,
		Title: markup.Line(e.title), Text: markup.Text(e.html), Lang: first(e.lang, h.lang), CreatedAt: e.at.UTC(),
	}
	if year := e.at.Year(); year < 1990 || year > 9999 {
		m.CreatedAt = time.Time{}
	}
	m.NativeID = h.native(e, link)
	if m.URL == "" {
		m.URL = first(h.resolve(h.link), h.base.Scheme+"://"+h.place)
	}
	if e.author != "" {
		m.Author = mention.Author{ID: h.site + "/" + e.author, Name: e.author}
		if !strings.ContainsAny(e.author, " \t\n") {
			m.Author.Handle = strings.TrimPrefix(strings.TrimPrefix(e.author, "/u/"), "@")
		}
	}
	if e.replyTo != "" {
		m.Kind, m.ParentID = mention.KindReply, mention.MakeID(Platform, h.global(strings.TrimSpace(e.replyTo)))
	}
	return m
}

// native is the id of an entry: its guid, else its link, else what it says.
func (h home) native(e entry, link string) string {
	if guid := strings.TrimSpace(e.guid); guid != "" {
		return h.global(guid)
	}
	if link != "" {
		return link
	}
	sum := sha256.Sum256([]byte(e.title + "\x00" + e.link + "\x00" + e.html))
	return h.place + "#" + hex.EncodeToString(sum[:12])
}

// global is a guid that means one post in the world: a URL, a tag or a urn as it
// is, anything else together with the feed's place.
func (h home) global(guid string) string {
	low := strings.ToLower(guid)
	if isURL(guid) || strings.HasPrefix(low, "tag:") || strings.HasPrefix(low, "urn:") {
		return guid
	}
	return h.place + "#" + guid
}

func isURL(s string) bool {
	low := strings.ToLower(s)
	return strings.HasPrefix(low, "http://") || strings.HasPrefix(low, "https://")
}

func (h home) resolve(link string) string {
	if link == "" {
		return ""
	}
	u, err := h.base.Parse(link)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}

// unwrap takes the real address out of a Google redirect, as Google Alerts has it.
func unwrap(link string) string {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil {
		return strings.TrimSpace(link)
	}
	host := strings.TrimPrefix(u.Hostname(), "www.")
	if u.Path == "/url" && (host == "google.com" || strings.HasPrefix(host, "google.")) {
		q := u.Query()
		if to := first(q.Get("url"), q.Get("q")); isURL(to) {
			return to
		}
	}
	return u.String()
}
