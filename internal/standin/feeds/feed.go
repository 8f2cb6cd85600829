package feeds

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"hash/fnv"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Item is one entry of a Feed.
type Item struct {
	// GUID is the entry's id; empty leaves it out.
	GUID   string
	Link   string
	Title  string
	HTML   string
	Author string
	// Published and Updated are left out where they are zero.
	Published time.Time
	Updated   time.Time
	// ReplyTo is the GUID of the entry that this one answers (Atom threading).
	ReplyTo string
}

// Feed serves its entries as RSS 2.0 (any path), Atom (a path that ends in
// atom.xml) and JSON Feed (.json), with ETag and Last-Modified.
type Feed struct {
	Faults
	// Title, Link and Language describe the feed; set them before it is served.
	Title    string
	Link     string
	Language string

	mu      sync.Mutex
	items   []Item
	changed time.Time
	raw     []byte
	rawType string
	gone    bool
	plain   bool
	hits304 int
}

// NewFeed makes an empty feed.
func NewFeed(title string) *Feed {
	return &Feed{Title: title, Link: "https://forum.example.test/", Language: "en", changed: time.Now()}
}

// Put adds entries at the top, or replaces those with the same GUID where they stand.
func (f *Feed) Put(items ...Item) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, it := range items {
		found := false
		for i := range f.items {
			if it.GUID != "" && f.items[i].GUID == it.GUID {
				f.items[i], found = it, true
			}
		}
		if !found {
			f.items = append([]Item{it}, f.items...)
		}
	}
	f.changed = time.Now()
}

// Add puts entries at the top without looking for the same GUID.
func (f *Feed) Add(items ...Item) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, it := range items {
		f.items = append([]Item{it}, f.items...)
	}
	f.changed = time.Now()
}

// Remove takes an entry out.
func (f *Feed) Remove(guid string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var kept []Item
	for _, it := range f.items {
		if it.GUID != guid {
			kept = append(kept, it)
		}
	}
	f.items, f.changed = kept, time.Now()
}

// Raw serves body as it is instead of the entries, until it is nil.
func (f *Feed) Raw(body []byte, contentType string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.raw, f.rawType, f.changed = body, contentType, time.Now()
}

// SetGone answers 410 from now on, or no longer.
func (f *Feed) SetGone(gone bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = gone
}

// SetPlain leaves ETag and Last-Modified out, as simple servers do.
func (f *Feed) SetPlain(plain bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plain = plain
}

// NotModified is how many requests were answered with 304.
func (f *Feed) NotModified() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hits304
}

// ServeHTTP answers with the feed.
func (f *Feed) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.around(w, r, f.serve) }

func (f *Feed) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		w.WriteHeader(http.StatusGone)
		return
	}
	body, contentType := f.raw, f.rawType
	switch {
	case body != nil:
	case strings.HasSuffix(r.URL.Path, "atom.xml"):
		body, contentType = f.atom(), "application/atom+xml; charset=utf-8"
	case strings.HasSuffix(r.URL.Path, ".json"):
		body, contentType = f.json(), "application/feed+json"
	default:
		body, contentType = f.rss(), "application/rss+xml; charset=utf-8"
	}
	w.Header().Set("Content-Type", contentType)
	if !f.plain {
		h := fnv.New64a()
		_, _ = h.Write(body)
		etag := `"` + hex.EncodeToString(h.Sum(nil)) + `"`
		w.Header().Set("ETag", etag)
		w.Header().Set("Last-Modified", f.changed.UTC().Format(http.TimeFormat))
		if r.Header.Get("If-None-Match") == etag {
			f.hits304++
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	_, _ = w.Write(body)
}

type rssItem struct {
	GUID    string `xml:"guid,omitempty"`
	Link    string `xml:"link,omitempty"`
	Title   string `xml:"title,omitempty"`
	HTML    string `xml:"description,omitempty"`
	Author  string `xml:"dc:creator,omitempty"`
	PubDate string `xml:"pubDate,omitempty"`
}

func (f *Feed) rss() []byte {
	type channel struct {
		Title    string    `xml:"title"`
		Link     string    `xml:"link"`
		Desc     string    `xml:"description"`
		Language string    `xml:"language,omitempty"`
		Items    []rssItem `xml:"item"`
	}
	doc := struct {
		XMLName xml.Name `xml:"rss"`
		Version string   `xml:"version,attr"`
		DC      string   `xml:"xmlns:dc,attr"`
		Channel channel  `xml:"channel"`
	}{Version: "2.0", DC: "http://purl.org/dc/elements/1.1/"}
	doc.Channel = channel{Title: f.Title, Link: f.Link, Desc: f.Title, Language: f.Language}
	for _, it := range f.items {
		one := rssItem{GUID: it.GUID, Link: it.Link, Title: it.Title, HTML: it.HTML, Author: it.Author}
		if !it.Published.IsZero() {
			one.PubDate = it.Published.UTC().Format(time.RFC1123Z)
		}
		doc.Channel.Items = append(doc.Channel.Items, one)
	}
	return encodeXML(doc)
}

type atomLink struct {
	Href string `xml:"href,attr"`
	Rel  string `xml:"rel,attr,omitempty"`
}

type atomText struct {
	Type string `xml:"type,attr,omitempty"`
	Text string `xml:",chardata"`
}

type atomReply struct {
	Ref string `xml:"ref,attr"`
}

type atomEntry struct {
	ID        string     `xml:"id,omitempty"`
	Title     atomText   `xml:"title"`
	Links     []atomLink `xml:"link"`
	Author    string     `xml:"author>name,omitempty"`
	Published string     `xml:"published,omitempty"`
	Updated   string     `xml:"updated,omitempty"`
	Content   atomText   `xml:"content"`
	Reply     *atomReply `xml:"thr:in-reply-to"`
}

func (f *Feed) atom() []byte {
	doc := struct {
		XMLName xml.Name    `xml:"feed"`
		NS      string      `xml:"xmlns,attr"`
		Thread  string      `xml:"xmlns:thr,attr"`
		ID      string      `xml:"id"`
		Title   string      `xml:"title"`
		Updated string      `xml:"updated"`
		Entries []atomEntry `xml:"entry"`
	}{
		NS: "http://www.w3.org/2005/Atom", Thread: "http://purl.org/syndication/thread/1.0",
		ID: f.Link, Title: f.Title, Updated: f.changed.UTC().Format(time.RFC3339),
	}
	for _, it := range f.items {
		e := atomEntry{
			ID: it.GUID, Title: atomText{Type: "html", Text: it.Title}, Author: it.Author,
			Content: atomText{Type: "html", Text: it.HTML},
		}
		if it.Link != "" {
			e.Links = []atomLink{{Href: it.Link, Rel: "alternate"}}
		}
		if !it.Published.IsZero() {
			e.Published = it.Published.UTC().Format(time.RFC3339)
		}
		if !it.Updated.IsZero() {
			e.Updated = it.Updated.UTC().Format(time.RFC3339)
		}
		if it.ReplyTo != "" {
			e.Reply = &atomReply{Ref: it.ReplyTo}
		}
		doc.Entries = append(doc.Entries, e)
	}
	return encodeXML(doc)
}

func (f *Feed) json() []byte {
	type author struct {
		Name string `json:"name"`
	}
	type item struct {
		ID        string   `json:"id,omitempty"`
		URL       string   `json:"url,omitempty"`
		Title     string   `json:"title,omitempty"`
		HTML      string   `json:"content_html,omitempty"`
		Published string   `json:"date_published,omitempty"`
		Authors   []author `json:"authors,omitempty"`
	}
	doc := struct {
		Version  string `json:"version"`
		Title    string `json:"title"`
		Home     string `json:"home_page_url"`
		Language string `json:"language,omitempty"`
		Items    []item `json:"items"`
	}{Version: "https://jsonfeed.org/version/1.1", Title: f.Title, Home: f.Link, Language: f.Language, Items: []item{}}
	for _, it := range f.items {
		one := item{ID: it.GUID, URL: it.Link, Title: it.Title, HTML: it.HTML}
		if it.Author != "" {
			one.Authors = []author{{Name: it.Author}}
		}
		if !it.Published.IsZero() {
			one.Published = it.Published.UTC().Format(time.RFC3339)
		}
		doc.Items = append(doc.Items, one)
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return []byte(err.Error())
	}
	return b
}

func encodeXML(v any) []byte {
	var buf bytes.Buffer
	buf.WriteString(xml.Header)
	enc := xml.NewEncoder(&buf)
	enc.Indent("", " ")
	if err := enc.Encode(v); err != nil {
		return []byte(err.Error())
	}
	return buf.Bytes()
}
