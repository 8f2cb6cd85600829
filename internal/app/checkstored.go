package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/store"
)

const (
	// storedWithin bounds how long a check looks into the store.
	storedWithin = 10 * time.Second
	// storedEnough is how many stored decisions of a brand say something about a NOT
	// that never kept anything away.
	storedEnough = 200
)

// CheckStored warns, by the decisions in the config's data_dir, of exclusions that never
// kept a post away. It gives the warnings by the key of the brand's unit, and none where
// there is no store to look at.
func CheckStored(ctx context.Context, cfg *config.Config) (map[string][]setting.Problem, error) {
	if _, err := os.Stat(filepath.Join(cfg.DataDir, store.FileName)); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, storedWithin)
	defer cancel()
	r, err := store.OpenReader(ctx, cfg.DataDir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	out := map[string][]setting.Problem{}
	for i := range cfg.Units {
		u := &cfg.Units[i]
		if u.Broken() {
			continue
		}
		q, err := match.Parse(u.Brand.Query)
		if err != nil {
			continue
		}
		var exclusions []match.Part
		for _, p := range q.Parts() {
			if p.Excludes {
				exclusions = append(exclusions, p)
			}
		}
		if len(exclusions) == 0 {
			continue
		}
		did, err := r.Exclusions(ctx, u.Brand.Name)
		if err != nil {
			return out, err
		}
		total := 0
		for _, n := range did {
			total += n
		}
		for _, p := range exclusions {
			if did[p.Text] == 0 && total >= storedEnough {
				out[u.Key] = append(out[u.Key], u.InQuery(p.Column,
					fmt.Sprintf("NOT %s has kept nothing away among %d stored decisions; leave it out, or see whether it says what you mean", clipRunes(p.Text, 60), total)))
			}
		}
	}
	return out, nil
}

func clipRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i] + "..."
		}
		n--
	}
	return s
}
