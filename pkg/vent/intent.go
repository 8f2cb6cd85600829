package vent

import "github.com/leakytap/leakytap/pkg/vent/internal/cue"

// complains raises what the phrases say plainly.
func (w *work) complains(t *tally) {
	for _, k := range [...]cue.Kind{cue.Complaint, cue.Sarcasm, cue.Safety, cue.Legal, cue.Privacy} {
		if t.weight[k] >= 3 {
			w.push(t.from[k], t.to[k], 0.5)
		}
	}
}

// intent lowers what is no complaint although it sounds like one.
func (w *work) intent(t *tally) {
	if t.has(cue.Ad) {
		w.atMost(-2, t.from[cue.Ad], t.to[cue.Ad])
	}
	if t.has(cue.Job) {
		w.atMost(-3, t.from[cue.Job], t.to[cue.Job])
	}
}
