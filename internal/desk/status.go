package desk

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/casework/crowd"
	"github.com/leakytap/leakytap/internal/record"
)

// ComplaintReader reads what was complained about. *store.Store is one.
type ComplaintReader interface {
	Complaints(ctx context.Context, brand string, from, to time.Time, limit int) ([]record.Complaint, error)
	FirstComplaint(ctx context.Context, brand string) (time.Time, error)
	Incidents(ctx context.Context, brand string, since time.Time) ([]record.Case, error)
}

// Spikes says of each brand whether more complaints than usual would be noticed, and
// how its topics stand now.
func (d *Desk) Spikes(ctx context.Context, st ComplaintReader) ([]record.SpikeStatus, error) {
	brands := d.opt.Rules().Brands
	out := []record.SpikeStatus{}
	for _, name := range slices.Sorted(maps.Keys(brands)) {
		s, err := spikeStatus(ctx, st, &job{brand: brands[name], now: d.now()})
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func spikeStatus(ctx context.Context, st ComplaintReader, j *job) (record.SpikeStatus, error) {
	name, r := j.brand.Name, rule(j)
	out := record.SpikeStatus{Brand: name, Enabled: j.brand.Spikes.Enabled, Needed: r.MinDays}
	first, err := st.FirstComplaint(ctx, name)
	if err != nil {
		return out, err
	}
	days, err := crowd.Earlier(first, j.now.Truncate(slotFor).Add(slotFor), r.Window, func(from, to time.Time) ([]record.Complaint, error) {
		return st.Complaints(ctx, name, from, to, maxRows)
	})
	if err != nil {
		return out, err
	}
	out.Days = len(days)
	out.Ready = out.Enabled && out.Days >= out.Needed
	rows, err := st.Complaints(ctx, name, j.now.Add(-r.Window), j.now.Add(time.Microsecond), maxRows)
	if err != nil {
		return out, err
	}
	out.Topics = r.Topics(rows, days)
	if !out.Ready {
		for i := range out.Topics {
			out.Topics[i].Usual, out.Topics[i].Needs = 0, 0
		}
	}
	incidents, err := st.Incidents(ctx, name, j.now.Add(-day))
	for _, c := range incidents {
		if c.State.Live() {
			out.Cases = append(out.Cases, c.ID)
		}
	}
	return out, err
}
