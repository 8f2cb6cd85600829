package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// MaxFile is how many bytes a config file may have.
const MaxFile = 16 << 20

// maxYAMLDepth is how deep lists and mappings may stand in one another.
const maxYAMLDepth = 100

// source is one file: its name, its bytes, and where its lines begin.
type source struct {
	path  string
	unit  string // the key of the brand file, empty for leakytap.yaml
	data  []byte
	lines []int
}

// newSource leaves a byte order mark out, which is no column of the first line.
func newSource(path, unit string, data []byte) *source {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	s := &source{path: path, unit: unit, data: data, lines: []int{0}}
	for i := 0; i < len(data); i++ {
		if c := data[i]; c != '\n' && c != '\r' && c != 0xC2 && c != 0xE2 {
			continue
		}
		if n := lineBreak(data[i:]); n > 0 {
			s.lines = append(s.lines, i+n)
			i += n - 1
		}
	}
	return s
}

// lineBreak is the length of the line break that b begins with, 0 where it begins with none.
// YAML knows more of them than most editors.
func lineBreak(b []byte) int {
	switch b[0] {
	case '\n':
		return 1
	case '\r':
		if len(b) > 1 && b[1] == '\n' {
			return 2
		}
		return 1
	case 0xC2, 0xE2:
		for _, brk := range []string{"\u0085", "\u2028", "\u2029"} {
			if bytes.HasPrefix(b, []byte(brk)) {
				return len(brk)
			}
		}
	}
	return 0
}

// readFile reads a whole file of at most MaxFile bytes.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, plainPathError(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.New("it is a folder")
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, plainPathError(err)
	}
	if len(data) > MaxFile {
		return nil, errTooLong(MaxFile)
	}
	return data, nil
}

func errTooLong(limit int64) error { return fmt.Errorf("it has more than %s", bytesText(limit)) }

func bytesText(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}

// plainPathError is err without the operation and the path, which the message names itself.
func plainPathError(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	return err
}

// problem is a Problem at a place in s.
func (s *source) problem(line, column int, msg string) Problem {
	line, column = max(line, 1), max(column, 1)
	return Problem{File: s.path, Line: line, Column: column, Msg: msg, Unit: s.unit, excerpt: s.excerpt(line, column)}
}

const excerptRunes = 75

// secretLine is a line that may hold a secret, which is not repeated on a terminal.
var secretLine = regexp.MustCompile(`(?i)(token|tokens|password|secret|heartbeat_url|proxy_url)["']?\s*:|://[^/\s]*@|xox[a-z]-|xapp-`)

// excerpt is the text around a place and a caret below it. What could move a terminal's
// cursor is replaced.
func (s *source) excerpt(line, column int) string {
	if line > len(s.lines) {
		return ""
	}
	at := min(s.offset(line, column), len(s.data))
	start := max(s.lines[line-1], at-4*excerptRunes)
	for start < at && !utf8.RuneStart(s.data[start]) {
		start++
	}
	if secretLine.MatchString(s.line(line)) {
		return ""
	}
	rest, _, _ := bytes.Cut(s.data[at:min(len(s.data), at+4*excerptRunes)], []byte("\n"))
	before, after := []rune(string(s.data[start:at])), []rune(string(rest))
	before = before[max(0, len(before)-excerptRunes):]
	after = after[:min(len(after), excerptRunes)]
	return "    " + strings.TrimRight(strings.Map(visible, string(before)+string(after)), " ?") +
		"\n    " + strings.Repeat(" ", len(before)) + "^"
}

func visible(r rune) rune {
	switch {
	case r == '\t', r == '\r':
		return ' '
	case !unicode.IsPrint(r):
		return '?'
	default:
		return r
	}
}

// line is the text of a line that is counted from 1.
func (s *source) line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	end := len(s.data)
	if n < len(s.lines) {
		end = s.lines[n]
	}
	start := s.lines[n-1]
	return strings.TrimRight(string(s.data[start:min(end, start+64<<10)]), "\r\n\u0085\u2028\u2029")
}

// place is the line and column of a byte.
func (s *source) place(offset int) (line, column int) {
	lo, hi := 0, len(s.lines)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; s.lines[mid] <= offset {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + 1, utf8.RuneCount(s.data[s.lines[lo]:offset]) + 1
}

// offset is the byte of a line and column.
func (s *source) offset(line, column int) int {
	if line < 1 || line > len(s.lines) {
		return len(s.data)
	}
	i := s.lines[line-1]
	for ; column > 1 && i < len(s.data); column-- {
		_, n := utf8.DecodeRune(s.data[i:])
		i += n
	}
	return i
}

// parse reads the YAML of s up to its root mapping. At most one problem comes back:
// where the syntax is broken, nothing behind can be trusted.
func (s *source) parse() (*yaml.Node, *Problem) {
	if p := s.badBytes(); p != nil {
		return nil, p
	}
	if n := s.values(); n > maxNodes {
		p := s.problem(1, 1, fmt.Sprintf("the file holds more than %d values", maxNodes))
		return nil, &p
	}
	var doc yaml.Node
	err := s.load(&doc)
	switch {
	case err != nil:
		p := s.syntaxProblem(err)
		return nil, &p
	case len(doc.Content) == 0 || doc.Content[0].Tag == "!!null":
		p := s.problem(1, 1, "the file is empty")
		return nil, &p
	case doc.Content[0].Kind != yaml.MappingNode:
		n := doc.Content[0]
		p := s.problem(n.Line, n.Column, "the file must hold keys and values, such as data_dir: ./data, not "+nodeKind(n))
		return nil, &p
	}
	return doc.Content[0], nil
}

// values is at least the number of values that the file holds: each is followed by one of
// these characters or stands inside another.
func (s *source) values() int {
	n := 0
	for _, c := range s.data {
		if c == '\n' || c == ',' || c == ':' {
			n++
		}
	}
	return n
}

// load guards against a panic of the YAML library: a config comes from outside.
func (s *source) load(doc *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be read as YAML: %v", r)
		}
	}()
	return yaml.Load(s.data, doc, yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxYAMLDepth))))
}

func (s *source) badBytes() *Problem {
	for i := 0; i < len(s.data); {
		c := s.data[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s.data[i:])
			if r == utf8.RuneError && n == 1 {
				line, column := s.place(i)
				p := s.problem(line, column, "a byte is not valid UTF-8; save the file as UTF-8")
				return &p
			}
			i += n
			continue
		}
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			line, column := s.place(i)
			p := s.problem(line, column, fmt.Sprintf("a control character (0x%02x) stands here; the file may be half written or no text", c))
			return &p
		}
		i++
	}
	return nil
}

func (s *source) syntaxProblem(err error) Problem {
	var le *yaml.LoadError
	if !errors.As(err, &le) {
		return s.problem(1, 1, err.Error())
	}
	line, column := le.Mark.Line, le.Mark.Column
	msg := le.Message
	switch {
	case msg == "yaml: no documents in stream":
		msg = "the file is empty"
	case msg == "yaml: expected single document, found multiple":
		msg = "the file holds more than one document; remove the line ---"
		line = s.secondDocument()
	case strings.HasPrefix(s.line(line), "\t") || msg == "found character that cannot start any token" && s.at(line, column) == '\t':
		msg = "a tab stands here; YAML is indented with spaces"
	case s.at(line, column) == '@' || s.at(line, column) == '`':
		msg = fmt.Sprintf("a value cannot begin with %c; put it in quotes", s.at(line, column))
	case le.ContextMsg != "" && le.ContextMark.Line > 0:
		msg = fmt.Sprintf("%s (%s that begins at line %d)", msg, trimContext(le.ContextMsg), le.ContextMark.Line)
	}
	if le.Stage == yaml.ConstructorStage { // read well, but not one document
		return s.problem(line, column, msg)
	}
	return s.problem(line, column, "the YAML is broken: "+msg)
}

func trimContext(s string) string {
	return strings.TrimPrefix(strings.TrimPrefix(s, "while parsing "), "while scanning ")
}

// at is the byte at a place, 0 beyond the end.
func (s *source) at(line, column int) byte {
	if i := s.offset(line, column); i < len(s.data) {
		return s.data[i]
	}
	return 0
}

// secondDocument is the line of the --- that begins a second document.
func (s *source) secondDocument() int {
	seen := false
	for i := range s.lines {
		l := s.line(i + 1)
		if len(l) >= 3 && l[:3] == "---" && seen {
			return i + 1
		}
		if l != "" && l[0] != '#' && l[0] != '%' {
			seen = true
		}
	}
	return 1
}
