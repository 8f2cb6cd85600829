package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/store"
)

// Recoveries tells what became of customers.
type Recoveries interface {
	// Recovery is what became of the cases that were opened at or after since.
	Recovery(ctx context.Context, since time.Time) (Recovery, error)
}

// Recovery is what became of the customers of many cases.
type Recovery struct {
	Since time.Time     `json:"since"`
	All   RecoveryRow   `json:"all"`
	By    []RecoveryRow `json:"by"`
}

// RecoveryRow is what became of the cases of one brand, topic or channel.
type RecoveryRow struct {
	// Group is brand, topic or channel, empty for all cases; Name is which.
	Group string `json:"group,omitempty"`
	Name  string `json:"name,omitempty"`
	// Cases leaves out those that were no complaints, and Ended those that go on.
	Cases int `json:"cases"`
	Ended int `json:"ended"`
	// Recovered, Lost, Silent and Deleted are known fates, Unknown counts ended cases
	// of which nothing is known.
	Recovered int `json:"recovered"`
	Lost      int `json:"lost"`
	Silent    int `json:"silent"`
	Deleted   int `json:"deleted"`
	Unknown   int `json:"unknown"`
	// Rate is recovered among recovered and lost, 0 where there are neither.
	Rate float64 `json:"rate"`
	// Ack, Answer and Resolve are the medians in seconds from the beginning of a case's
	// last episode, 0 where nothing was measured.
	Ack     int64 `json:"ack"`
	Answer  int64 `json:"answer"`
	Resolve int64 `json:"resolve"`
	// Kept and Broken count promises.
	Kept   int `json:"kept"`
	Broken int `json:"broken"`
}

// maxGroupRows bounds the rows of one group.
const maxGroupRows = 1000

// Summarise counts what became of cases, by brand, topic and channel.
func Summarise(lives []store.Life, since time.Time) Recovery {
	out := Recovery{Since: since.UTC(), By: []RecoveryRow{}}
	all := &tallied{}
	groups := map[string]map[string]*tallied{"brand": {}, "topic": {}, "channel": {}}
	for _, l := range lives {
		if l.State == record.StateDismissed {
			continue
		}
		all.add(l)
		for group, names := range map[string][]string{"brand": {l.Brand}, "topic": l.Topics, "channel": {l.Platform}} {
			for _, n := range names {
				if groups[group][n] == nil {
					groups[group][n] = &tallied{}
				}
				groups[group][n].add(l)
			}
		}
	}
	out.All = all.row("", "")
	for _, group := range []string{"brand", "topic", "channel"} {
		rows := []RecoveryRow{}
		for name, t := range groups[group] {
			rows = append(rows, t.row(group, name))
		}
		slices.SortFunc(rows, func(a, b RecoveryRow) int { return cmp.Or(b.Cases-a.Cases, cmp.Compare(a.Name, b.Name)) })
		out.By = append(out.By, rows[:min(len(rows), maxGroupRows)]...)
	}
	return out
}

// tallied is a RecoveryRow while it is counted.
type tallied struct {
	r                    RecoveryRow
	ack, answer, resolve []time.Duration
}

func (t *tallied) add(l store.Life) {
	t.r.Cases++
	switch l.Fate {
	case record.FateRecovered:
		t.r.Recovered++
	case record.FateLost:
		t.r.Lost++
	case record.FateSilent:
		t.r.Silent++
	case record.FateDeleted:
		t.r.Deleted++
	case record.FateUnknown:
		if !l.State.Live() {
			t.r.Unknown++
		}
	}
	if !l.State.Live() {
		t.r.Ended++
	}
	if p := l.Promise; p != nil && !p.Open() {
		if p.Kept {
			t.r.Kept++
		} else {
			t.r.Broken++
		}
	}
	since := func(into *[]time.Duration, times ...time.Time) {
		for _, at := range times {
			if !at.IsZero() {
				*into = append(*into, max(at.Sub(l.Began), 0))
				return
			}
		}
	}
	since(&t.ack, l.ClaimedAt, l.AnsweredAt, l.ResolvedAt)
	since(&t.answer, l.AnsweredAt)
	since(&t.resolve, l.ResolvedAt)
}

func (t *tallied) row(group, name string) RecoveryRow {
	r := t.r
	r.Group, r.Name = group, name
	if n := r.Recovered + r.Lost; n > 0 {
		r.Rate = float64(r.Recovered) / float64(n)
	}
	r.Ack, r.Answer, r.Resolve = median(t.ack), median(t.answer), median(t.resolve)
	return r
}

// median is the middle one in seconds, 0 for none.
func median(ds []time.Duration) int64 {
	if len(ds) == 0 {
		return 0
	}
	slices.Sort(ds)
	return int64(ds[len(ds)/2] / time.Second)
}

// sinceOf reads how far back to look, 30 days where nothing is said.
func sinceOf(r *http.Request, now time.Time) (time.Time, string, error) {
	v := cmp.Or(r.FormValue("since"), "30d")
	d, err := setting.ParseDuration(v)
	if err != nil || d <= 0 || d > 10*366*24*time.Hour {
		return time.Time{}, "", badRequest("since is how far back to look, such as 7d or 30d")
	}
	return now.Add(-d), v, nil
}

func (s *Server) apiRecovery(w http.ResponseWriter, r *http.Request, _ person) error {
	since, _, err := sinceOf(r, time.Now())
	if err != nil {
		return err
	}
	out, err := s.opt.Backend.Recovery(r.Context(), since)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// recoveryView is what the page is rendered from.
type recoveryView struct {
	Tabs   []tab
	All    recoveryLine
	Groups []recoveryGroup
}

type recoveryGroup struct {
	Name string
	Rows []recoveryLine
}

type recoveryLine struct {
	RecoveryRow
	Percent, AckIn, AnswerIn, ResolveIn string
}

func (s *Server) pageRecovery(w http.ResponseWriter, r *http.Request, who person) error {
	since, span, err := sinceOf(r, time.Now())
	if err != nil {
		return err
	}
	got, err := s.opt.Backend.Recovery(r.Context(), since)
	if err != nil {
		return err
	}
	v := recoveryView{All: lineOf(got.All)}
	for _, t := range []struct{ span, text string }{{"7d", "7 days"}, {"30d", "30 days"}, {"90d", "90 days"}} {
		v.Tabs = append(v.Tabs, tab{Text: t.text, URL: "/recovery?since=" + t.span, On: t.span == span})
	}
	for _, g := range []struct{ group, name string }{{"brand", "Brand"}, {"topic", "Topic"}, {"channel", "Channel"}} {
		group := recoveryGroup{Name: g.name}
		for _, row := range got.By {
			if row.Group == g.group {
				group.Rows = append(group.Rows, lineOf(row))
			}
		}
		if len(group.Rows) > 0 {
			v.Groups = append(v.Groups, group)
		}
	}
	p := s.newPage(r, who, "Recovery", "recovery")
	p.Body = v
	return s.render(w, http.StatusOK, "recovery", p)
}

func lineOf(r RecoveryRow) recoveryLine {
	l := recoveryLine{RecoveryRow: r, Percent: "–", AckIn: took(r.Ack), AnswerIn: took(r.Answer), ResolveIn: took(r.Resolve)}
	l.Name = oneLine(r.Name)
	if r.Group == "channel" {
		l.Name = platformName(r.Name)
	}
	if r.Recovered+r.Lost > 0 {
		l.Percent = percent(r.Rate)
	}
	return l
}

// took is a time in seconds as people say it.
func took(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	switch {
	case seconds <= 0:
		return "–"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", seconds)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d/time.Hour))
	default:
		return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
	}
}
