package app

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"
)

const progressEvery = 30 * time.Second

// showProgress prints, for each source, what was read and matched and when it was
// last heard, so that a person at a terminal sees that something listens.
func (d *Daemon) showProgress(ctx context.Context) error {
	if d.opt.Progress.W == nil {
		return nil
	}
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		stats, err := d.Backend().Sources(ctx)
		if err != nil {
			continue
		}
		now := time.Now()
		w := tabwriter.NewWriter(d.opt.Progress.W, 0, 4, 2, ' ', 0)
		fmt.Fprintf(w, "%s  source\tread\tmatched\tlast post\tstate\n", now.Format("15:04:05"))
		for i := range stats {
			s := &stats[i]
			state := "hearing"
			switch {
			case s.Blind:
				state = "BLIND: " + s.LastError
			case s.LastError != "":
				state = s.LastError
			case s.LastOK.IsZero():
				state = "starting"
			}
			fmt.Fprintf(w, "          %s\t%d\t%d\t%s\t%s\n", s.Source, s.Read, s.Matched, ago(s.LastItem, now), state)
		}
		_ = w.Flush()
	}
}

func ago(t, now time.Time) string {
	if t.IsZero() {
		return "none yet"
	}
	return now.Sub(t).Truncate(time.Second).String() + " ago"
}
