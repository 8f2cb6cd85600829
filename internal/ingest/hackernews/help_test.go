package hackernews

import (
	"encoding/json"

	"github.com/leakytap/leakytap/internal/store"
)

func progress(source string, cursor json.RawMessage) store.Progress {
	return store.Progress{Source: source, Cursor: cursor}
}
