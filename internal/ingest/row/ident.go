package row

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/leakytap/leakytap/pkg/mention"
)

// identify gives m its id and its platform. A row that names no platform, nor has
// one in front of its id, belongs to the platform that is called like the source.
// A row without any id is known by its url, author and text.
func identify(m mention.Mention, source string) mention.Mention {
	m.Platform = strings.TrimSpace(m.Platform)
	if m.Platform == "" && m.NativeID == "" {
		m.Platform = platformOf(m.ID)
	}
	if m.Platform == "" {
		m.Platform = source
	}
	rest, whole := strings.CutPrefix(m.ID, m.Platform+":")
	switch {
	case m.NativeID != "" && (!whole || rest == ""):
		m.ID = mention.MakeID(m.Platform, m.NativeID)
	case whole && rest != "":
		m.NativeID = rest
	case m.ID != "":
		m.NativeID = m.ID
		m.ID = mention.MakeID(m.Platform, m.NativeID)
	default:
		m.NativeID = fingerprint(m)
		m.ID = mention.MakeID(m.Platform, m.NativeID)
	}
	m.ParentID, m.RootID = qualify(m.ParentID, m.Platform), qualify(m.RootID, m.Platform)
	return m
}

// qualify puts the platform in front of an id that has none.
func qualify(id, platform string) string {
	if id == "" || strings.HasPrefix(id, platform+":") {
		return id
	}
	if platformOf(id) != "" {
		return id
	}
	return mention.MakeID(platform, id)
}

// platformOf is the platform in front of an id: a short word of small letters,
// digits, - and _ that begins with a letter. A URL has none.
func platformOf(id string) string {
	platform, native, ok := strings.Cut(id, ":")
	if !ok || platform == "" || native == "" || len(platform) > 64 || strings.HasPrefix(native, "//") || platform[0] < 'a' || platform[0] > 'z' {
		return ""
	}
	for i := range len(platform) {
		if c := platform[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return ""
		}
	}
	return platform
}

// fingerprint is the same for the same post, however often it is handed in.
func fingerprint(m mention.Mention) string {
	h := sha256.New()
	who := m.Author.ID
	if who == "" {
		who = m.Author.Handle
	}
	if who == "" {
		who = m.Author.Name
	}
	for _, s := range []string{m.URL, who, m.Title, m.Text} {
		_, _ = fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return "sha256-" + hex.EncodeToString(h.Sum(nil)[:16])
}
