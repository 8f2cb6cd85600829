package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed request, and how old one may be.
const (
	headerSignature = "X-Slack-Signature"
	headerTimestamp = "X-Slack-Request-Timestamp"
	maxSkew         = 5 * time.Minute
)

var errUnsigned = errors.New("the request is not signed by Slack")

// verify checks the v0 signature of a request over its raw body and that it is
// not older, or further in the future, than five minutes. Its error says no
// more than that: the right signature never leaves this function.
func verify(h http.Header, body []byte, secret string, now time.Time) error {
	stamp := h.Get(headerTimestamp)
	hexed, ok := strings.CutPrefix(h.Get(headerSignature), "v0=")
	if secret == "" || stamp == "" || !ok || len(h.Values(headerSignature)) != 1 || len(h.Values(headerTimestamp)) != 1 {
		return errUnsigned
	}
	got, err := hex.DecodeString(hexed)
	if err != nil || len(got) != sha256.Size {
		return errUnsigned
	}
	sec, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errUnsigned
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + stamp + ":"))
	mac.Write(body)
	if !hmac.Equal(mac.Sum(nil), got) {
		return errUnsigned
	}
	// After the signature: a wrong clock is told only to who holds the secret.
	if now.Sub(time.Unix(sec, 0)).Abs() > maxSkew {
		return errTooOld
	}
	return nil
}

var errTooOld = errors.New("the request is more than five minutes off; is the clock right?")
