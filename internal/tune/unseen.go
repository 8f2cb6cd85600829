package tune

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Unseen is what can be said about a post that was never collected.
type Unseen struct {
	Asked string `json:"asked"`
	// Platform is where the address belongs to, empty where nobody can tell; At is when
	// the post was written, where its address or whoever asks says so.
	Platform string    `json:"platform,omitempty"`
	At       time.Time `json:"at,omitzero"`
	// Sources should have seen it, with why they may not have.
	Sources []UnseenSource `json:"sources"`
	// NoSource says in words that none is there that would have.
	NoSource string `json:"no_source,omitempty"`
	// Text is what was tried on the brands' queries, empty where none was given.
	Text   string        `json:"text,omitempty"`
	Brands []UnseenBrand `json:"brands,omitempty"`
}

// UnseenSource is a source that should have seen a post.
type UnseenSource struct {
	Source  string   `json:"source"`
	Reasons []string `json:"reasons"`
	// Windows are the times in which it heard nothing, about when the post was written,
	// the newest first.
	Windows []record.BlindWindow `json:"windows,omitempty"`
}

// UnseenBrand is what a brand would have made of the words.
type UnseenBrand struct {
	Brand    string         `json:"brand"`
	Outcome  record.Outcome `json:"outcome"`
	Severity vent.Severity  `json:"severity"`
	Venting  float64        `json:"venting"`
	Route    string         `json:"route,omitempty"`
	Why      []string       `json:"why"`
}

// Listening is a source as it is configured, and how it has been.
type Listening struct {
	Name, Type, URL string
	MaxAge          time.Duration
	Stat            record.SourceStat
	Windows         []record.BlindWindow
}

// platforms gives the hosts of platforms, by the type of the source that reads them.
func platforms() map[string]string {
	return map[string]string{
		"bsky.app": "bluesky", "bsky.social": "bluesky", "news.ycombinator.com": "hackernews", "reddit.com": "reddit", "x.com": "x", "twitter.com": "x",
		"youtube.com": "youtube", "youtu.be": "youtube", "apps.apple.com": "appstore", "play.google.com": "googleplay",
		"stackexchange.com": "stackexchange", "stackoverflow.com": "stackexchange", "mastodon.social": "mastodon", "lemmy.world": "lemmy",
	}
}

// PlatformOf is the type of source that reads a post, by its id or URL, and when it was
// written where that can be read off the address.
func PlatformOf(idOrURL string) (platform string, at time.Time) {
	if p, _, ok := strings.Cut(idOrURL, ":"); ok && !strings.Contains(idOrURL, "://") {
		return p, tidTime(idOrURL)
	}
	u, err := url.Parse(idOrURL)
	if err != nil || u.Host == "" {
		return "", time.Time{}
	}
	for host := strings.ToLower(u.Hostname()); host != ""; {
		if p, ok := platforms()[host]; ok {
			if p == "bluesky" {
				at = tidTime(u.Path)
			}
			return p, at
		}
		_, rest, ok := strings.Cut(host, ".")
		if !ok {
			break
		}
		host = rest
	}
	return "", time.Time{}
}

// tidTime is the time in a record key of the AT protocol at the end of an address.
func tidTime(address string) time.Time {
	const alphabet = "234567abcdefghijklmnopqrstuvwxyz"
	key := address[strings.LastIndexByte(address, '/')+1:]
	if len(key) != 13 {
		return time.Time{}
	}
	var v int64
	for i := range len(key) {
		n := strings.IndexByte(alphabet, key[i])
		if n < 0 || i == 0 && n > 15 {
			return time.Time{}
		}
		v = v<<5 | int64(n)
	}
	t := time.UnixMicro(v >> 10).UTC()
	if t.Year() < 2022 || t.After(time.Now().Add(24*time.Hour)) {
		return time.Time{}
	}
	return t
}

const (
	// windowSlack is how far from a post's time a blind window still counts.
	windowSlack = time.Hour
	// unknownLook is how far back the windows are told where nobody knows when the post
	// was written.
	unknownLook = 14 * 24 * time.Hour
	maxWindows  = 20
)

// Hearing says which sources should have seen a post, and why each may not have.
func Hearing(asked string, at time.Time, sources []Listening, now time.Time) Unseen {
	platform, written := PlatformOf(asked)
	if at.IsZero() {
		at = written
	}
	out := Unseen{Asked: asked, Platform: platform, At: at}
	host := hostOf(asked)
	for i := range sources {
		s := &sources[i]
		if !reads(s, platform, host) {
			continue
		}
		out.Sources = append(out.Sources, UnseenSource{Source: s.Name, Reasons: reasons(s, at, now), Windows: windowsOf(s, at, now)})
	}
	slices.SortFunc(out.Sources, func(a, b UnseenSource) int { return cmp.Compare(a.Source, b.Source) })
	switch {
	case len(out.Sources) > 0:
	case platform != "":
		out.NoSource = "no source of type " + platform + " is configured: nothing there is heard"
	case host != "":
		out.NoSource = "no source reads " + host + ": a feed of it can be added as a source of type rss, or its posts sent to a webhook"
	default:
		out.NoSource = "it is neither a URL nor an id of a platform that is known"
	}
	return out
}

func hostOf(asked string) string {
	u, err := url.Parse(asked)
	if err != nil {
		return ""
	}
	return strings.ToLower(strings.TrimPrefix(u.Hostname(), "www."))
}

// reads reports whether a source reads a platform or a host.
func reads(s *Listening, platform, host string) bool {
	if s.Type == platform || s.Name == platform {
		return true
	}
	if s.Type != "rss" || host == "" {
		return false
	}
	feed := hostOf(s.URL)
	return feed == host || strings.HasSuffix(host, "."+feed) || strings.HasSuffix(feed, "."+host)
}

func reasons(s *Listening, at, now time.Time) []string {
	var out []string
	st := &s.Stat
	switch {
	case st.FirstAt.IsZero():
		out = append(out, "it has never run with this data")
	case !at.IsZero() && s.MaxAge > 0 && at.Before(st.FirstAt.Add(-s.MaxAge)):
		out = append(out, "the post is older than "+s.MaxAge.String()+" before it first listened, "+st.FirstAt.Format(time.RFC3339))
	case !at.IsZero() && at.Before(st.FirstAt):
		out = append(out, "it first listened at "+st.FirstAt.Format(time.RFC3339)+", after the post was written")
	}
	if !st.LastOK.IsZero() && !at.IsZero() && at.After(st.LastOK) {
		out = append(out, "its last successful fetch was at "+st.LastOK.Format(time.RFC3339)+", before the post was written")
	}
	if st.Blind {
		out = append(out, "it is blind since "+st.BlindSince.Format(time.RFC3339))
	}
	if st.LastError != "" {
		out = append(out, "its last error was: "+st.LastError)
	}
	if len(windowsOf(s, at, now)) > 0 {
		out = append(out, "it was blind about then: see the windows")
	}
	if len(out) == 0 {
		out = append(out, "it was hearing, with "+strconv.FormatInt(st.Read, 10)+" posts read so far: no brand's query matched the words, or its feed never held the post")
	}
	return out
}

// windowsOf are the blind windows about a time, or of the last days where it is not known.
func windowsOf(s *Listening, at, now time.Time) []record.BlindWindow {
	from, to := at.Add(-windowSlack), at.Add(windowSlack)
	if at.IsZero() {
		from, to = now.Add(-unknownLook), now
	}
	windows := slices.Clone(s.Windows)
	if s.Stat.Blind {
		windows = append(windows, record.BlindWindow{Source: s.Name, From: s.Stat.BlindSince, Reason: s.Stat.Reason})
	}
	var out []record.BlindWindow
	for _, w := range windows {
		if w.From.Before(to) && (w.Until.IsZero() || w.Until.After(from)) {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b record.BlindWindow) int { return b.From.Compare(a.From) })
	return out[:min(len(out), maxWindows)]
}
