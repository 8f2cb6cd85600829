package match

import (
	"slices"
	"strings"
)

// baseLang is the language of a tag such as en, en-GB or eng in two letters where there
// are such; und where the language is said not to be known; empty for what is no
// language tag.
func baseLang(tag string) string {
	tag = strings.TrimSpace(tag)
	end := strings.IndexAny(tag, "-_")
	if end < 0 {
		end = len(tag)
	}
	if end < 2 || end > 3 {
		return ""
	}
	lower := true
	for i := range end {
		c := tag[i] | 0x20
		if c < 'a' || c > 'z' {
			return ""
		}
		lower = lower && c == tag[i]
	}
	base := tag[:end]
	if !lower {
		base = strings.ToLower(base)
	}
	return sameLang(base)
}

// sameLang maps the three-letter and outdated codes that platforms send to the usual one.
func sameLang(base string) string {
	switch base {
	case "mul", "zxx", "mis", "qaa", "qme", "qht", "qst", "qam", "qct":
		return "und"
	case "eng":
		return "en"
	case "spa":
		return "es"
	case "fra", "fre":
		return "fr"
	case "deu", "ger":
		return "de"
	case "por":
		return "pt"
	case "ita":
		return "it"
	case "nld", "dut":
		return "nl"
	case "jpn":
		return "ja"
	case "zho", "chi", "cmn":
		return "zh"
	case "kor":
		return "ko"
	case "rus":
		return "ru"
	case "ara":
		return "ar"
	case "pol":
		return "pl"
	case "tur":
		return "tr"
	case "iw", "heb":
		return "he"
	case "in", "ind":
		return "id"
	case "nb", "nn", "nor":
		return "no"
	default:
		return base
	}
}

// knownLang is the language that a post declares, or und.
func knownLang(tag string) string {
	if base := baseLang(tag); base != "" {
		return base
	}
	return "und"
}

// keepsLang reports whether a brand that asks for the base languages want takes a post in lang.
// A language that is not known never drops a post.
func keepsLang(want []string, lang string) bool {
	return len(want) == 0 || lang == "und" || slices.Contains(want, lang)
}
