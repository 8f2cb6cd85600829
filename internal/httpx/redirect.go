package httpx

import (
	"errors"
	"fmt"
	"net/http"
)

var errRedirect = errors.New("the redirect is refused")

// redirectCheck is what net/http asks before it follows a redirect. Whether the
// address is public is decided later, when it is dialled.
func redirectCheck(p Policy) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		if p.NoRedirects {
			return fmt.Errorf("%w: this address must answer itself", errRedirect)
		}
		if len(via) > MaxRedirects {
			return fmt.Errorf("%w: more than %d of them", errRedirect, MaxRedirects)
		}
		prev := via[len(via)-1]
		switch req.URL.Scheme {
		case "https":
		case "http":
			if prev.URL.Scheme == "https" {
				return fmt.Errorf("%w: from https to http", errRedirect)
			}
		default:
			return fmt.Errorf("%w: to a scheme other than http and https", errRedirect)
		}
		// A Referer would carry the query of the first URL, secrets included.
		req.Header.Del("Referer")
		if req.URL.Host != via[0].URL.Host {
			for _, h := range []string{"Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key", "Www-Authenticate"} {
				req.Header.Del(h)
			}
		}
		return nil
	}
}

// movedForGood reports whether the first redirect on the way to req was permanent.
func movedForGood(req *http.Request) bool {
	moved := false
	for req != nil && req.Response != nil {
		code := req.Response.StatusCode
		moved = code == http.StatusMovedPermanently || code == http.StatusPermanentRedirect
		req = req.Response.Request
	}
	return moved
}
