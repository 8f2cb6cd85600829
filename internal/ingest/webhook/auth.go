package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/ingest"
)

// signedWithin is how old or how early a signature may be.
const signedWithin = 5 * time.Minute

// maxSignatures is how many signatures of one request are tried: a sender that
// changes its secret sends two.
const maxSignatures = 8

// auth is who may send.
type auth struct {
	// token is the hash of the bearer token, nil where none is configured.
	token []byte
	// key is the key of the signing secret, nil where none is configured.
	key []byte
}

func newAuth(cfg ingest.Config) (auth, error) {
	var a auth
	if t := strings.TrimSpace(cfg.Token.Reveal()); t != "" {
		sum := sha256.Sum256([]byte(t))
		a.token = sum[:]
	}
	if secret := strings.TrimSpace(cfg.SigningSecret.Reveal()); secret != "" {
		key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimPrefix(secret, "whsec_"), "="))
		if err != nil || len(key) == 0 {
			return auth{}, errors.New("its signing_secret is not whsec_ followed by base64; copy it from the sender as it is")
		}
		a.key = key
	}
	return a, nil
}

// none reports whether nothing is configured.
func (a auth) none() bool { return a.token == nil && a.key == nil }

// bearer reports whether the request carries the token.
func (a auth) bearer(h http.Header) bool {
	if a.token == nil {
		return false
	}
	scheme, token, ok := strings.Cut(h.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return subtle.ConstantTimeCompare(sum[:], a.token) == 1
}

// maySign reports whether the request has what a signature needs.
func (a auth) maySign(h http.Header) bool {
	return a.key != nil && h.Get("Webhook-Id") != "" && h.Get("Webhook-Timestamp") != "" && h.Get("Webhook-Signature") != ""
}

// signed reports whether the request is signed by Standard Webhooks: v1 is the
// base64 of the HMAC-SHA-256 of id.timestamp.body.
func (a auth) signed(h http.Header, body []byte, now time.Time) bool {
	if !a.maySign(h) {
		return false
	}
	stamp := h.Get("Webhook-Timestamp")
	sec, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(sec, 0)).Abs() > signedWithin {
		return false
	}
	mac := hmac.New(sha256.New, a.key)
	_, _ = mac.Write([]byte(h.Get("Webhook-Id") + "." + stamp + "."))
	_, _ = mac.Write(body)
	want := mac.Sum(nil)
	list := strings.Fields(strings.Join(h.Values("Webhook-Signature"), " "))
	for _, one := range list[:min(len(list), maxSignatures)] {
		text, ok := strings.CutPrefix(one, "v1,")
		if !ok {
			continue
		}
		got, err := base64.StdEncoding.DecodeString(text)
		if err == nil && hmac.Equal(got, want) {
			return true
		}
	}
	return false
}
