package rss

import (
	"bytes"
	"mime"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"

	"github.com/leakytap/leakytap/internal/ingest"
)

// document is a body that is fit for a parser.
type document struct {
	// body is UTF-8 without byte order mark, XML declaration, DOCTYPE and control
	// characters.
	body []byte
	json bool
	// notes are faults that were repaired.
	notes []ingest.Reason
}

// prepare decodes and checks a body before any parser sees it: what it lets
// through is bounded in depth, elements and items, and complete.
func prepare(body []byte, contentType string) (document, error) {
	var d document
	text, repaired, err := decode(body, contentType)
	if err != nil {
		return d, err
	}
	if repaired {
		d.notes = append(d.notes, ingest.ReasonBadCharset)
	}
	text = bytes.TrimSpace(stripControl(text))
	switch {
	case len(text) == 0:
		return d, ingest.Fault(ingest.ReasonNotAFeed, "the body is empty")
	case text[0] == '{':
		d.json, d.body = true, text
		return d, nil
	case text[0] != '<':
		return d, ingest.Fault(ingest.ReasonNotAFeed, "the body is neither XML nor JSON")
	}
	d.body, err = scan(text, &d.notes)
	return d, err
}

var xmlDeclaration = regexp.MustCompile(`^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["'][^>]{0,200}\?>`)

// decode makes UTF-8 of a body. It believes a byte order mark first, then the
// content type, then the XML declaration; bytes that are not what they claim to
// be are read as windows-1252, which is what they nearly always are.
func decode(body []byte, contentType string) (text []byte, repaired bool, err error) {
	if rest, ok := bytes.CutPrefix(body, []byte("\xef\xbb\xbf")); ok {
		return repair(rest)
	}
	if enc := wide(body); enc != nil {
		out, err := enc.NewDecoder().Bytes(body)
		if err != nil {
			return nil, false, ingest.Fault(ingest.ReasonBadCharset, "the UTF-16 text is broken")
		}
		return out, false, nil
	}
	name := ""
	if m := xmlDeclaration.FindSubmatch(body[:min(len(body), 1024)]); m != nil {
		name = string(m[1])
	}
	if _, params, err := mime.ParseMediaType(contentType); err == nil && params["charset"] != "" {
		name = params["charset"]
	}
	enc, err := htmlindex.Get(strings.TrimSpace(name))
	if err != nil || isUTF8(enc) || utf8.Valid(body) && hasMultibyte(body) {
		return repair(body)
	}
	out, err := enc.NewDecoder().Bytes(body)
	if err != nil {
		return repair(body)
	}
	return out, false, nil
}

func isUTF8(enc encoding.Encoding) bool {
	name, err := htmlindex.Name(enc)
	return err == nil && name == "utf-8"
}

// hasMultibyte reports whether a valid UTF-8 text is surely UTF-8: a sequence
// that is valid by chance is very rare. Seven-bit encodings such as ISO-2022-JP
// have no byte over 127 and are decoded as they say.
func hasMultibyte(body []byte) bool {
	for _, b := range body {
		if b >= 0x80 {
			return true
		}
	}
	return false
}

// wide is UTF-16 where the first bytes look like it, else nil.
func wide(b []byte) encoding.Encoding {
	if len(b) < 4 {
		return nil
	}
	switch {
	case b[0] == 0xff && b[1] == 0xfe, b[0] == '<' && b[1] == 0 && b[3] == 0:
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case b[0] == 0xfe && b[1] == 0xff, b[0] == 0 && b[1] == '<' && b[2] == 0:
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	}
	return nil
}

// repair reads bytes that are not UTF-8 as windows-1252.
func repair(b []byte) (text []byte, repaired bool, err error) {
	if utf8.Valid(b) {
		return b, false, nil
	}
	out := make([]byte, 0, len(b)+len(b)/8)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			out = utf8.AppendRune(out, charmap.Windows1252.DecodeByte(b[0]))
			b = b[1:]
			continue
		}
		out = append(out, b[:n]...)
		b = b[n:]
	}
	return out, true, nil
}

// stripControl takes out the control characters that XML forbids, raw and as
// numeric references: one of them would make a parser give up the whole feed.
func stripControl(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c < 0x20 && c != '\t' && c != '\n' && c != '\r', c == 0x7f:
			continue
		case c == '&' && i+2 < len(b) && b[i+1] == '#':
			if n := badReference(b[i:]); n > 0 {
				i += n - 1
				continue
			}
		}
		out = append(out, c)
	}
	return out
}

// badReference is the length of a numeric reference at the start of b to a
// character that XML forbids, 0 for any other.
func badReference(b []byte) int {
	end := bytes.IndexByte(b[:min(len(b), 16)], ';')
	if end < 3 {
		return 0
	}
	digits, base := string(b[2:end]), 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil {
		return 0
	}
	legal := n == 9 || n == 10 || n == 13 || n >= 0x20 && n <= 0xd7ff || n >= 0xe000 && n <= 0xfffd || n >= 0x10000 && n <= 0x10ffff
	if legal {
		return 0
	}
	return end + 1
}
