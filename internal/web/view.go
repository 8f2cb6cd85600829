package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
)

const (
	quoteRunes = 280
	aboutRunes = 90
	nameRunes  = 80
)

// moment is a time as a page shows it: how long ago for the eye, exactly for the pointer.
type moment struct {
	ISO, Ago, Age string
	Zero          bool
}

func momentOf(t, now time.Time) moment {
	return moment{ISO: t.UTC().Format(time.RFC3339), Ago: ago(t, now), Age: age(t, now), Zero: t.IsZero()}
}

// link is where a post stands: empty where a stranger wrote what is no web address.
type link struct{ URL, Host string }

func linkOf(raw string) link {
	u := webLink(raw)
	if u == "" {
		return link{}
	}
	return link{URL: u, Host: clip(linkHost(u), 60)}
}

type button struct {
	Verb string
	Text string
	Main bool
}

// row is a case as the list and the case page show it.
type row struct {
	ID, Root, Brand, About, Text, Author, Platform string
	Severity, State, Owner, Until                  string
	// Followers and More say how far it may spread.
	Followers, More string
	Opened          moment
	Link            link
	Version         int64
	Back            string
	Live            bool
	Service         serviceView
	Buttons         []button
	MoreButtons     []button
}

func rowOf(c record.Case, now time.Time, back string) row {
	v := row{
		ID: c.ID, Root: c.Root, Brand: c.Brand, About: clip(oneLine(c.About), aboutRunes), Text: clip(oneLine(c.Text), quoteRunes),
		Author: clip(oneLine(c.AuthorName), nameRunes), Platform: platformName(c.Platform),
		Severity: string(c.Severity), State: string(c.State), Owner: show(c.Owner),
		Opened: momentOf(c.OpenedAt, now), Link: linkOf(c.URL), Version: c.Version, Back: back, Live: c.State.Live(),
	}
	if v.About == "" {
		v.About = "a complaint"
	}
	if v.Author == "" {
		v.Author = "somebody"
	}
	if v.Text == "" {
		v.Text = "(the post is gone)"
	}
	if c.Followers > 0 {
		v.Followers = count(c.Followers)
	}
	v.More = moreOf(c)
	if c.State == record.StateSnoozed {
		v.Until = c.SnoozedUntil.UTC().Format("2 Jan 15:04 MST")
	}
	v.Service = serviceOf(&c, now)
	v.Buttons, v.MoreButtons = buttonsFor(&c)
	return v
}

func moreOf(c record.Case) string {
	switch {
	case c.Authors > 1:
		return fmt.Sprintf("%d posts by %d people", c.Mentions, c.Authors)
	case c.Mentions > 1:
		return fmt.Sprintf("%d posts", c.Mentions)
	default:
		return ""
	}
}

// buttonsFor are the card's buttons: at most three, and the rest in the menu.
func buttonsFor(c *record.Case) (main, more []button) {
	state := c.State
	all := map[record.Verb]string{
		record.VerbClaim: "Claim", record.VerbAnswer: "Answered", record.VerbResolve: "Resolve",
		record.VerbDismiss: "Not a complaint", record.VerbReopen: "Reopen",
	}
	if c.Service.Promise.Open() {
		all[record.VerbKept], all[record.VerbBroken] = "Promise kept", "Promise not kept"
	}
	if c.Fate != record.FateLost {
		all[record.VerbLost] = "The customer has left"
	}
	first := []record.Verb{record.VerbClaim, record.VerbResolve, record.VerbDismiss}
	switch state {
	case record.StateClaimed:
		first[0] = record.VerbAnswer
	case record.StateAnswered:
		first = []record.Verb{record.VerbResolve, record.VerbReopen, record.VerbDismiss}
	case record.StateResolved, record.StateDismissed:
		first = []record.Verb{record.VerbReopen}
	case record.StateOpen, record.StateSnoozed:
	}
	legal := casework.Legal(state)
	for i, v := range first {
		main = append(main, button{Verb: string(v), Text: all[v], Main: i == 0})
	}
	for _, v := range record.Verbs() {
		if all[v] == "" || slices.Contains(first, v) || !slices.Contains(legal, v) {
			continue
		}
		// Claiming what is claimed only ever fails, for the owner and for others.
		if v == record.VerbClaim && state == record.StateClaimed {
			continue
		}
		more = append(more, button{Verb: string(v), Text: all[v]})
	}
	return main, more
}

func platformName(p string) string {
	names := map[string]string{
		"bluesky": "Bluesky", "hackernews": "Hacker News", "rss": "a feed", "mastodon": "Mastodon", "reddit": "Reddit",
		"x": "X", "youtube": "YouTube", "appstore": "the App Store", "googleplay": "Google Play", "discourse": "a forum",
		"lemmy": "Lemmy", "stackexchange": "Stack Exchange", "webhook": "a webhook", "file": "a file",
	}
	if n, ok := names[p]; ok {
		return n
	}
	return clip(oneLine(p), 40)
}

// sourceRow is how a source is doing.
type sourceRow struct {
	Name, Type, Health, Detail string
	OK, Item                   moment
	Read, Matched              string
}

func sourceRows(stats []record.SourceStat, now time.Time) []sourceRow {
	rows := make([]sourceRow, 0, len(stats))
	for _, st := range stats {
		v := sourceRow{
			Name: show(st.Source), Type: st.Type, Health: "listening", OK: momentOf(st.LastOK, now), Item: momentOf(st.LastItem, now),
			Read: grouped(st.Read), Matched: grouped(st.Matched),
		}
		switch {
		case st.Blind:
			v.Health, v.Detail = "blind", "for "+lasting(st.BlindSince, now)
			if st.Reason != "" {
				v.Detail += ": " + st.Reason
			}
		case !st.ErrorAt.IsZero():
			v.Health, v.Detail = "failing", st.Reason
		case st.LastOK.IsZero():
			v.Health = "starting"
		}
		rows = append(rows, v)
	}
	return rows
}

// troubles are the banners: what keeps the daemon from hearing or telling.
func troubles(stats []record.SourceStat, said []string, notReady error, now time.Time) []problem {
	var ps []problem
	if notReady != nil {
		ps = append(ps, problem{What: "LeakyTap is not ready.", Detail: capital(show(notReady.Error()))})
	}
	var blind []string
	var since time.Time
	for _, st := range stats {
		if st.Blind {
			blind = append(blind, show(st.Source))
			if since.IsZero() || st.BlindSince.Before(since) {
				since = st.BlindSince
			}
		}
	}
	if len(blind) > 0 {
		ps = append(ps, problem{
			What: "Not hearing " + listed(blind) + ".", Detail: "Silent for " + lasting(since, now) + ": complaints from there are missing here.",
			Link: "/sources", LinkText: "How the sources are doing",
		})
	}
	for _, t := range said {
		ps = append(ps, problem{What: show(t)})
	}
	return ps
}

// listed joins words as a sentence does, at most five of them.
func listed(words []string) string {
	last := ""
	if n := len(words); n > 5 {
		words, last = words[:4], strconv.Itoa(n-4)+" others"
	} else if n > 1 {
		words, last = words[:n-1], strings.Join(words[n-1:], "")
	}
	if last == "" {
		return strings.Join(words, ", ")
	}
	return strings.Join(words, ", ") + " and " + last
}

// inboxURL is the inbox with a filter; empty values are left out.
func inboxURL(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return "/"
	}
	return "/?" + q.Encode()
}
