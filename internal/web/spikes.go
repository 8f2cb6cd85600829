package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/leakytap/leakytap/internal/record"
)

// Spiking tells whether more complaints than usual would be noticed.
type Spiking interface {
	// Spikes is how each brand's topics stand against their usual hours.
	Spikes(ctx context.Context) ([]record.SpikeStatus, error)
}

func (s *Server) apiSpikes(w http.ResponseWriter, r *http.Request, _ person) error {
	out, err := s.opt.Backend.Spikes(r.Context())
	if err != nil {
		return err
	}
	if out == nil {
		out = []record.SpikeStatus{}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// spikeRow is a brand as the page shows it.
type spikeRow struct {
	record.SpikeStatus
	Says   string
	Topics []spikeTopic
}

type spikeTopic struct {
	record.SpikeTopic
	UsualText string
}

func (s *Server) pageSpikes(w http.ResponseWriter, r *http.Request, who person) error {
	got, err := s.opt.Backend.Spikes(r.Context())
	if err != nil {
		return err
	}
	rows := make([]spikeRow, 0, len(got))
	for _, b := range got {
		row := spikeRow{SpikeStatus: b, Says: spikeWords(b)}
		for _, t := range b.Topics {
			row.Topics = append(row.Topics, spikeTopic{t, strconv.FormatFloat(t.Usual, 'f', 1, 64)})
		}
		rows = append(rows, row)
	}
	p := s.newPage(r, who, "Spikes", "spikes")
	p.Body = rows
	return s.render(w, http.StatusOK, "spikes", p)
}

// spikeWords says whether a brand's spikes would be told.
func spikeWords(b record.SpikeStatus) string {
	switch {
	case !b.Enabled:
		return "Spikes are turned off for this brand."
	case !b.Ready:
		return "Silent: " + strconv.Itoa(b.Days) + " of the " + strconv.Itoa(b.Needed) +
			" earlier days are known that it takes to say what is usual at this hour."
	default:
		return "Watching, against the same hours of " + strconv.Itoa(b.Days) + " earlier days."
	}
}
