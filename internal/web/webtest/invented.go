package webtest

import (
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// reasonsIn finds each word in text, so that fixtures need no counted offsets.
func reasonsIn(text string, words map[string]float64) []vent.Reason {
	var rs []vent.Reason
	for i := range len(text) {
		for w, weight := range words {
			if len(text)-i >= len(w) && text[i:i+len(w)] == w {
				rs = append(rs, vent.Reason{Start: i, End: i + len(w), Text: w, Weight: weight})
			}
		}
	}
	return rs
}

// Invented are life-like cases that nobody ever wrote, as they stand at now.
func Invented(now time.Time) []record.Dossier {
	before := func(d time.Duration) time.Time { return now.Add(-d).UTC().Truncate(time.Second) }
	text1 := "@larkspurair day 3 without my wheelchair. You lost it in Lisbon, nobody calls back, and now the agent HUNG UP on me. I am stuck in a hotel room. My lawyer is next."
	ds := []record.Dossier{
		{
			Case: record.Case{
				ID: "01JDAAAAAAAAAAAAAAAAAAAA01", Brand: "larkspur", State: record.StateOpen, Severity: vent.SeverityCritical, Priority: 94,
				About: "lost wheelchair, nobody calls back", Topics: []string{"delivery", "staff"}, Signals: []string{"legal", "repeated_contact", "waiting"},
				Root: "bluesky:did:plc:mira/3kaaa", Conversation: "bluesky:did:plc:mira/3kaaa", AuthorKey: "bluesky:did:plc:mira", Platform: "bluesky", URL: "https://bsky.example/profile/mira.example/post/3kaaa", Text: text1,
				AuthorName: "Mira Okonjo", Followers: 48200, Venting: 0.981,
				Reasons:  reasonsIn(text1, map[string]float64{"day 3 without": 2.1, "nobody calls back": 1.7, "HUNG UP": 1.9, "My lawyer": 2.4}),
				Mentions: 4, Authors: 1, Route: "oncall", Episode: 1, Version: 3, OpenedAt: before(38 * time.Minute), UpdatedAt: before(4 * time.Minute), LastPostAt: before(4 * time.Minute),
			},
			Root: mention.Mention{
				ID: "bluesky:did:plc:mira/3kaaa", Platform: "bluesky", NativeID: "did:plc:mira/3kaaa", URL: "https://bsky.example/profile/mira.example/post/3kaaa", CreatedAt: before(38 * time.Minute), ObservedAt: before(38 * time.Minute), Author: mention.Author{ID: "did:plc:mira", Handle: "mira.example", Name: "Mira Okonjo", Followers: 48200},
				Text: text1, Engagement: mention.Engagement{Likes: 312, Reposts: 97, Replies: 41},
			},
			Later: []mention.Mention{
				{ID: "bluesky:did:plc:mira/3kaab", Platform: "bluesky", NativeID: "did:plc:mira/3kaab", ObservedAt: before(22 * time.Minute), Author: mention.Author{Name: "Mira Okonjo", Handle: "mira.example"}, Text: "Still nothing from @larkspurair. Four calls today.", CreatedAt: before(22 * time.Minute), URL: "https://bsky.example/profile/mira.example/post/3kaab"},
				{ID: "bluesky:did:plc:mira/3kaac", Platform: "bluesky", NativeID: "did:plc:mira/3kaac", ObservedAt: before(4 * time.Minute), Author: mention.Author{Name: "Mira Okonjo", Handle: "mira.example"}, Text: "The airport says the chair is in Porto.\n\nPorto.", CreatedAt: before(4 * time.Minute), URL: "https://bsky.example/profile/mira.example/post/3kaac"},
			},
			History: []record.Event{
				{Seq: 1, At: before(38 * time.Minute), Actor: "customer", What: "opened", To: record.StateOpen, URL: "https://bsky.example/profile/mira.example/post/3kaaa", Detail: "venting 0.98, critical"},
				{Seq: 2, At: before(38 * time.Minute), Actor: "clock", What: "sent", Detail: "card to oncall"},
				{Seq: 3, At: before(22 * time.Minute), Actor: "customer", What: "joined", URL: "https://bsky.example/profile/mira.example/post/3kaab"},
				{Seq: 4, At: before(4 * time.Minute), Actor: "customer", What: "joined", URL: "https://bsky.example/profile/mira.example/post/3kaac"},
			},
			Why: []string{"matched: @larkspurair", "venting 0.98 >= 0.60", "severity critical: legal, repeated_contact, waiting", "priority 94: critical, 48,200 followers, first case of this author", "route: oncall (severity critical)"},
		},
	}
	type short struct {
		id, brand, about, author, platform, url, text, owner string
		state                                                record.State
		sev                                                  vent.Severity
		followers                                            int64
		age                                                  time.Duration
		mentions, authors                                    int
	}
	for _, x := range []short{
		{"01JDAAAAAAAAAAAAAAAAAAAA02", "tollgate", "no internet in Harrow Mill since Friday", "Priya R.", "rss", "https://forum.example/t/outage/8812", "Is anyone else on Tollgate Fibre dead since Friday night? Support chat says 'no known issues' while the whole street is offline. I work from home, this is costing me real money.", "", record.StateOpen, vent.SeverityHigh, 0, 3 * time.Hour, 23, 19},
		{"01JDAAAAAAAAAAAAAAAAAAAA03", "larkspur", "refund promised six weeks ago", "Tomasz", "bluesky", "https://bsky.example/profile/tomasz.example/post/3kbbb", "Six weeks since Larkspur cancelled my flight. 'Refund within 7 days' they said. Third time I am asking. Where is my money?", "dana", record.StateClaimed, vent.SeverityHigh, 1830, 5 * time.Hour, 1, 1},
		{"01JDAAAAAAAAAAAAAAAAAAAA04", "pinecask", "app logs out at every payment", "grumbleweed", "hackernews", "https://news.example/item?id=4431", "The Pinecask app has logged me out mid-payment every single day this week. Charged twice on Tuesday. Honestly considering going back to cash.", "", record.StateOpen, vent.SeverityMedium, 0, 52 * time.Minute, 1, 1},
		{"01JDAAAAAAAAAAAAAAAAAAAA05", "tollgate", "engineer did not come, again", "سارة", "bluesky", "https://bsky.example/profile/sara.example/post/3kddd", "انتظرت الفني من تولجيت ست ساعات ولم يأت أحد، للمرة الثانية هذا الشهر", "kofi", record.StateAnswered, vent.SeverityMedium, 260, 26 * time.Hour, 2, 1},
		{"01JDAAAAAAAAAAAAAAAAAAAA06", "pinecask", "price went up without a word", "<img src=x onerror=alert(1)>", "webhook", "javascript:alert(document.domain)", "\"><script>alert('x')</script> pinecask raised my plan by 4 a month without telling anyone \u202eecirp teg {{.Secret}} ${jndi:ldap://x}", "", record.StateOpen, vent.SeverityLow, 12, 4 * 24 * time.Hour, 1, 1},
		{"01JDAAAAAAAAAAAAAAAAAAAA07", "larkspur", "seat double booked", "Ilse", "bluesky", "https://bsky.example/profile/ilse.example/post/3keee", "Two of us on seat 14C and Larkspur's answer is a shrug.", "dana", record.StateSnoozed, vent.SeverityMedium, 90, 30 * time.Hour, 1, 1},
		{"01JDAAAAAAAAAAAAAAAAAAAA08", "tollgate", "bill for a cancelled line", "Wen", "bluesky", "https://bsky.example/profile/wen.example/post/3kfff", "Cancelled in March. Tollgate billed me again today.", "kofi", record.StateDismissed, vent.SeverityMedium, 90, 50 * time.Hour, 1, 1},
	} {
		c := record.Case{
			ID: x.id, Brand: x.brand, State: x.state, Severity: x.sev, Priority: 30 + 10*x.sev.Rank(), Owner: x.owner, About: x.about,
			Topics: []string{"support"}, Root: x.platform + ":" + x.id, Conversation: x.platform + ":" + x.id, Platform: x.platform, URL: x.url, Text: x.text, AuthorName: x.author,
			Followers: x.followers, Venting: 0.8, Mentions: x.mentions, Authors: x.authors, Route: "support", Episode: 1, Version: 2,
			OpenedAt: before(x.age), UpdatedAt: before(x.age), LastPostAt: before(x.age),
		}
		switch x.state {
		case record.StateClaimed:
			c.ClaimedAt = before(time.Hour)
		case record.StateAnswered:
			c.ClaimedAt, c.AnsweredAt = before(2*time.Hour), before(time.Hour)
		case record.StateSnoozed:
			c.SnoozedUntil = before(-20 * time.Hour)
		case record.StateOpen, record.StateResolved, record.StateDismissed:
		}
		h := []record.Event{{Seq: 1, At: before(x.age), Actor: "customer", What: "opened", To: record.StateOpen, URL: x.url}}
		if x.state == record.StateDismissed {
			h = append(h, record.Event{Seq: 2, At: before(time.Hour), Actor: x.owner, Via: "slack", What: "dismissed", From: record.StateOpen, To: x.state})
		}
		ds = append(ds, record.Dossier{
			Case: c, History: h, Why: []string{"venting 0.80 >= 0.60"},
			Root: mention.Mention{ID: c.Root, Platform: x.platform, NativeID: x.id, CreatedAt: before(x.age), ObservedAt: before(x.age), URL: x.url, Text: x.text, Author: mention.Author{Name: x.author, Handle: x.author, Followers: x.followers}},
		})
	}
	return ds
}

// Sources are three sources, one of them blind.
func Sources(now time.Time) []record.SourceStat {
	before := func(d time.Duration) time.Time { return now.Add(-d).UTC().Truncate(time.Second) }
	return []record.SourceStat{
		{Source: "sky", Type: "bluesky", FirstAt: before(50 * time.Hour), LastOK: before(time.Second), LastItem: before(time.Second), Read: 1840233, Matched: 512},
		{Source: "forum", Type: "rss", FirstAt: before(50 * time.Hour), LastOK: before(40 * time.Second), LastItem: before(3 * time.Hour), Read: 880, Matched: 61, Poll: time.Minute},
		{Source: "reviews", Type: "rss", FirstAt: before(50 * time.Hour), LastOK: before(2 * time.Hour), LastItem: before(5 * time.Hour), Read: 40, Matched: 3, Poll: time.Minute, Reason: "timeout", ErrorAt: before(time.Minute), Blind: true, BlindSince: before(2 * time.Hour)},
	}
}

// Dead are two dead letters.
func Dead(now time.Time) []record.Dead {
	at := now.Add(-3 * time.Hour).UTC().Truncate(time.Second)
	return []record.Dead{
		{ID: "01JDDEAD000000000000000001", Stage: "score", Reason: "newer_version", Detail: "envelope version 2 is newer than 1", Topic: "mentions", Key: "larkspur/bluesky:x", Value: []byte(`{"v":2,"brand":"larkspur"}`), At: at},
		{ID: "01JDDEAD000000000000000002", Stage: "ingest", Reason: "bad_line", Detail: "line 14 is no JSON object", Topic: "", Key: "", Value: []byte("<b>not json</b>\x1b[31m"), At: at},
	}
}
