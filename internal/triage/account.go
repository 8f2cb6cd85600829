package triage

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/pkg/mention"
)

// OwnAccount reports whether the author is one of the brand's own accounts, and
// which. Handles are compared without @, case and accents; an account may also be
// written as the platform's id of it.
func OwnAccount(b brand.Brand, a mention.Author) (account string, own bool) {
	if len(b.OwnAccounts) == 0 || (a.Handle == "" && a.ID == "") {
		return "", false
	}
	handle, id := foldAccount(a.Handle), foldAccount(a.ID)
	for _, account := range b.OwnAccounts {
		f := foldAccount(account)
		if f != "" && (f == handle || f == id) {
			return account, true
		}
	}
	return "", false
}

// foldAccount brings a handle to the form in which two of them are compared.
func foldAccount(s string) string {
	return foldText(strings.TrimPrefix(strings.TrimSpace(s), "@"))
}

// foldText is a text in one case, without accents and invisible characters.
func foldText(s string) string {
	if plainASCII(s) {
		return strings.ToLower(s)
	}
	fold := transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), runes.Remove(runes.In(unicode.Cf)), cases.Fold(), norm.NFC)
	out, _, err := transform.String(fold, s)
	if err != nil {
		return strings.ToLower(s)
	}
	return out
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
