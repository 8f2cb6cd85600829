package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// The headers of Standard Webhooks.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// plainID is a key that can stand in a header as it is. A dot would make what is
// signed ambiguous.
var plainID = regexp.MustCompile(`^[0-9A-Za-z_/:@+-]{1,200}$`)

// idOf is the webhook-id of a key: the key itself, or its hash where it holds
// what no header may; the body names the key in any case.
func idOf(key string) string {
	if plainID.MatchString(key) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256_" + hex.EncodeToString(sum[:])
}

// sign puts id, time and signature into the header.
func sign(h http.Header, key []byte, id string, now time.Time, body []byte) {
	stamp := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	h[headerID] = []string{id}
	h[headerTimestamp] = []string{stamp}
	h[headerSignature] = []string{"v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))}
}
