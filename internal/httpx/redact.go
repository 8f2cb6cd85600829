package httpx

import "net/url"

// Redact is u as it may stand in a log or an error: without user and password,
// without the values of the query and without the fragment. With hidePath the
// path is left out as well.
func Redact(u *url.URL, hidePath bool) string {
	if u == nil {
		return "the url"
	}
	s := u.Host
	if u.Scheme != "" {
		s = u.Scheme + "://" + s
	}
	switch {
	case hidePath && u.Path != "" && u.Path != "/":
		return s + "/..."
	case hidePath:
		return s
	}
	s += u.EscapedPath()
	if u.RawQuery != "" {
		s += "?..."
	}
	return s
}

// RedactString is Redact for a URL in text; what does not parse is not shown.
func RedactString(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "the url"
	}
	return Redact(u, false)
}
