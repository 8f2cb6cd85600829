package mention

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Errors that Decode gives; the record cannot be repaired.
var (
	// ErrTooLarge says that the record is over MaxRecord.
	ErrTooLarge = errors.New("record is over 1 MiB")
	// ErrNotObject says that the record is no JSON object.
	ErrNotObject = errors.New("record is no JSON object")
	// ErrNoID says that neither id nor platform and native_id are there.
	ErrNoID = errors.New("mention has no id; give id, or platform and native_id")
)

// The repairs that Clean and Decode report: a closed list, fit for a label.
const (
	RepairUTF8     = "invalid_utf8"
	RepairControl  = "control_characters"
	RepairCut      = "cut"
	RepairTime     = "clock"
	RepairRange    = "out_of_range"
	RepairURL      = "bad_url"
	RepairKind     = "unknown_kind"
	RepairLongID   = "long_id"
	RepairCombined = "combining_marks"
)

// maxSkew is how far a stranger's clock may run ahead of ours.
const maxSkew = 5 * time.Minute

// Decode reads one mention from JSON. Unknown fields are left out, broken
// bytes and values out of range are repaired and named, and only what cannot be
// repaired is refused: ErrTooLarge, ErrNotObject, ErrNoID or a JSON error that
// names the field.
func Decode(b []byte) (Mention, []string, error) {
	if len(b) > MaxRecord {
		return Mention{}, nil, ErrTooLarge
	}
	trimmed := bytes.TrimSpace(b)
	if len(trimmed) == 0 || trimmed[0] != '{' {
		return Mention{}, nil, ErrNotObject
	}
	var m Mention
	if err := json.Unmarshal(trimmed, &m); err != nil {
		return Mention{}, nil, describe(err)
	}
	m, repairs := Clean(m)
	if !utf8.Valid(trimmed) {
		repairs = add(repairs, RepairUTF8)
	}
	if m.ID == "" {
		return Mention{}, repairs, ErrNoID
	}
	return m, repairs, nil
}

// Encode writes m as one line of JSON.
func Encode(m Mention) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("encoding mention %s: %w", m.ID, err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

func describe(err error) error {
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) && typ.Field != "" {
		return fmt.Errorf("reading mention: field %s is a %s, not a %s", typ.Field, typ.Value, typ.Type)
	}
	return fmt.Errorf("reading mention: %w", err)
}

// Clean repairs m in place of refusing it: broken UTF-8 and control characters
// go, long fields are cut at a character, times are UTC and not in the future,
// numbers are in range, and ID is made from Platform and NativeID. The names of
// the repairs come back, each once. The id may still be empty.
func Clean(m Mention) (Mention, []string) {
	c := cleaner{}
	m.Text = c.text(m.Text, MaxText)
	m.Title = c.line(m.Title, MaxTitle)
	m.Author.Name = c.line(m.Author.Name, MaxName)
	m.Author.Handle = strings.TrimPrefix(c.line(m.Author.Handle, MaxName), "@")
	m.Lang = c.line(m.Lang, 35)
	m.Source = c.line(m.Source, MaxName)
	m.Platform = c.line(m.Platform, MaxName)
	m.Author.ID = c.id(m.Author.ID)
	m.NativeID = c.id(m.NativeID)
	m.ParentID, m.RootID = c.id(m.ParentID), c.id(m.RootID)
	m.ID = c.id(m.ID)
	m.URL = c.url(m.URL)
	m = c.identity(m)
	m = c.numbers(m)
	m.CreatedAt, m.ObservedAt = c.times(m.CreatedAt, m.ObservedAt)
	return m, c.repairs
}

type cleaner struct{ repairs []string }

func (c *cleaner) note(repair string) { c.repairs = add(c.repairs, repair) }

func add(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func (c *cleaner) identity(m Mention) Mention {
	switch {
	case m.ID == "" && m.Platform != "" && m.NativeID != "":
		m.ID = MakeID(m.Platform, m.NativeID)
	case m.ID != "" && m.NativeID == "":
		platform, native, ok := strings.Cut(m.ID, ":")
		if ok && (m.Platform == "" || m.Platform == platform) {
			m.Platform, m.NativeID = strings.TrimSpace(platform), strings.TrimSpace(native)
		} else {
			m.NativeID = m.ID
		}
	}
	switch m.Kind {
	case KindPost, KindReply, KindComment, KindReview:
	case "":
		m.Kind = KindPost
	default:
		m.Kind = KindPost
		c.note(RepairKind)
	}
	return m
}

func (c *cleaner) numbers(m Mention) Mention {
	if m.Rating < 0 || m.Rating > 5 {
		m.Rating = 0
		c.note(RepairRange)
	}
	for _, n := range []*int64{
		&m.Author.Followers, &m.Engagement.Likes, &m.Engagement.Reposts,
		&m.Engagement.Replies, &m.Engagement.Views, &m.Revision,
	} {
		if *n < 0 {
			*n = 0
			c.note(RepairRange)
		}
	}
	return m
}

// times clamps a stranger's clock: CreatedAt may be missing, in year 99999 or
// in ten years. An ObservedAt of zero stays zero; the worker fills it in first.
func (c *cleaner) times(created, observed time.Time) (time.Time, time.Time) {
	if !observed.IsZero() {
		observed = observed.UTC().Round(0)
	}
	if created.IsZero() || created.Year() < 1990 {
		return observed, observed
	}
	created = created.UTC().Round(0)
	if !observed.IsZero() && created.After(observed.Add(maxSkew)) {
		c.note(RepairTime)
		return observed, observed
	}
	if created.Year() > 9999 {
		c.note(RepairTime)
		return observed, observed
	}
	return created, observed
}

// line is text without line breaks.
func (c *cleaner) line(s string, limit int) string {
	s = c.text(s, limit)
	if strings.ContainsAny(s, "\n\r\t\u2028\u2029") {
		s = strings.Join(strings.Fields(s), " ")
	}
	return strings.TrimSpace(s)
}

func (c *cleaner) id(s string) string {
	s = c.line(s, math.MaxInt)
	if len(s) <= MaxID {
		return s
	}
	c.note(RepairLongID)
	sum := sha256.Sum256([]byte(s))
	if platform, _, ok := strings.Cut(s, ":"); ok && len(platform) < MaxName {
		return platform + ":sha256-" + hex.EncodeToString(sum[:])
	}
	return "sha256-" + hex.EncodeToString(sum[:])
}

func (c *cleaner) url(s string) string {
	s = c.line(s, math.MaxInt)
	if len(s) > MaxURL {
		c.note(RepairURL)
		return ""
	}
	low := strings.ToLower(s)
	if s == "" || strings.HasPrefix(low, "http://") || strings.HasPrefix(low, "https://") {
		return s
	}
	c.note(RepairURL)
	return ""
}

// text makes s valid UTF-8 without control characters (line breaks and tabs
// stay), caps the marks on one character and cuts at limit bytes. It returns s
// itself when nothing has to change.
func (c *cleaner) text(s string, limit int) string {
	if len(s) <= limit && plain(s) {
		return s
	}
	if !utf8.ValidString(s) {
		c.note(RepairUTF8)
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	var b strings.Builder
	marks := 0
	for _, r := range s {
		switch {
		case r == '\r' || unicode.IsControl(r) && r != '\n' && r != '\t':
			if r != '\r' {
				c.note(RepairControl)
			}
			continue
		case unicode.Is(unicode.Mn, r):
			if marks++; marks > MaxMarks {
				c.note(RepairCombined)
				continue
			}
		default:
			marks = 0
		}
		if b.Len()+utf8.RuneLen(r) > limit {
			c.note(RepairCut)
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

func plain(s string) bool {
	for i := range len(s) {
		if b := s[i]; b >= 0x80 || b < 0x20 && b != '\n' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}

// Rating reads a star rating that a platform gives as text, 0 where it is none.
func Rating(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 1 || n > 5 {
		return 0
	}
	return n
}
