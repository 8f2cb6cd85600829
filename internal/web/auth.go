package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// minToken is the least length of a token that is written in clear: short ones can be guessed.
const minToken = 16

// Tokens are the people and programs that may use the inbox and the API, as
// hashes of their tokens. A nil *Tokens asks nobody.
type Tokens struct{ list []token }

type token struct {
	name string
	hash [sha256.Size]byte
}

// LoadTokens reads what a says; it is nil where a is empty. Errors name the
// line and never the token.
func LoadTokens(a Auth) (*Tokens, error) {
	if !a.On() {
		return nil, nil
	}
	if a.TokensFile == "" {
		return parseTokens(a.Tokens.Reveal())
	}
	b, err := os.ReadFile(a.TokensFile)
	if err != nil {
		return nil, fmt.Errorf("reading tokens_file: %w", err)
	}
	t, err := parseTokens(string(b))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", a.TokensFile, err)
	}
	return t, nil
}

func parseTokens(text string) (*Tokens, error) {
	t := &Tokens{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		tok, err := parseToken(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		for _, other := range t.list {
			if other.hash == tok.hash {
				return nil, fmt.Errorf("line %d: the token of %s is that of %s too; give each its own", n, tok.name, other.name)
			}
		}
		t.list = append(t.list, tok)
	}
	if len(t.list) == 0 {
		return nil, errors.New("no token, so nobody could log in; write lines name:token")
	}
	return t, nil
}

func parseToken(line string) (token, error) {
	name, secret, ok := strings.Cut(line, ":")
	name, secret = strings.TrimSpace(name), strings.TrimSpace(secret)
	if !ok || secret == "" {
		return token{}, errors.New("no token; write name:token or name:sha256:HEX")
	}
	if !validName(name) {
		return token{}, errors.New("the name before the colon may hold letters, digits, . _ - and @, at most 64")
	}
	tok := token{name: name}
	if digits, hashed := strings.CutPrefix(secret, "sha256:"); hashed {
		b, err := hex.DecodeString(digits)
		if err != nil || len(b) != sha256.Size {
			return token{}, fmt.Errorf("the hash of %s is not 64 hexadecimal digits; make one with printf %%s TOKEN | sha256sum", name)
		}
		copy(tok.hash[:], b)
		return tok, nil
	}
	if len(secret) < minToken {
		return token{}, fmt.Errorf("the token of %s is shorter than %d characters; make one with openssl rand -hex 32", name, minToken)
	}
	tok.hash = sha256.Sum256([]byte(secret))
	return tok, nil
}

// validName is what a person may be called: it travels into cases, cards and logs.
func validName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-@", r):
		default:
			return false
		}
	}
	return true
}

// find gives the token that secret is, in a time that does not depend on which.
func (t *Tokens) find(secret string) (token, bool) {
	if t == nil {
		return token{}, false
	}
	h := sha256.Sum256([]byte(secret))
	found := -1
	for i := range t.list {
		eq := subtle.ConstantTimeCompare(h[:], t.list[i].hash[:])
		found = subtle.ConstantTimeSelect(eq, i, found)
	}
	if found < 0 {
		return token{}, false
	}
	return t.list[found], true
}

// holds reports whether tok is still among t: a session ends with its token.
func (t *Tokens) holds(tok token) bool {
	return t != nil && slices.Contains(t.list, tok)
}
