package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/ingesttest"
	"github.com/leakytap/leakytap/internal/ingest/webhook"
	"github.com/leakytap/leakytap/internal/setting"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func sign(id, stamp, body string) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		panic(err)
	}
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(id + "." + stamp + "." + body))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func signed(id string, at time.Time, body string) []string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	return []string{"Webhook-Id", id, "Webhook-Timestamp", stamp, "Webhook-Signature", "v1," + sign(id, stamp, body)}
}

// The example of the Standard Webhooks documents, so that our own signing is not
// all that it is tested against.
func TestSigningIsTheStandards(t *testing.T) {
	require.Equal(t, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", `{"test": 2432232314}`))
}

func TestAuth(t *testing.T) {
	body := `{"id":"x:1","text":"acme"}`
	now := time.Now()
	bearer := func(s string) []string { return []string{"Authorization", "Bearer " + s} }
	with := func(headers []string, name, value string) []string { return append(headers, name, value) }
	token, sig := ingest.Config{Token: "hush"}, ingest.Config{SigningSecret: setting.Secret(secret)}
	both := ingest.Config{Token: "hush", SigningSecret: setting.Secret(secret)}
	good := signed("m1", now, body)
	rig := ingesttest.New(t, ingesttest.Brands{"acme": "acme"})
	type testCase struct {
		name    string
		cfg     ingest.Config
		open    bool
		headers []string
		status  int
	}
	cases := []testCase{
		{"open on loopback", ingest.Config{}, true, nil, 202},
		{"not open elsewhere", ingest.Config{}, false, nil, 401},
		{"a page of another site", ingest.Config{}, true, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a page of another origin", ingest.Config{}, true, []string{"Origin", "https://evil.example"}, 403},
		{"our own page", ingest.Config{}, true, []string{"Sec-Fetch-Site", "same-origin"}, 202},
		{"a page with the token", token, false, append(bearer("hush"), "Sec-Fetch-Site", "cross-site"), 202},
		{"token", token, false, bearer("hush"), 202},
		{"scheme in small letters", token, false, []string{"Authorization", "bearer hush"}, 202},
		{"another scheme", token, false, []string{"Authorization", "Basic hush"}, 401},
		{"wrong token", token, false, bearer("hushh"), 401},
		{"half a token", token, false, bearer("hus"), 401},
		{"empty token", token, false, bearer(""), 401},
		{"no token, on loopback", token, true, nil, 401},
		{"signature", sig, false, good, 202},
		{"one of two signatures", sig, false, with(good[:4:4], "Webhook-Signature", "v1a,x v1,AAAA "+good[5]), 202},
		{"another version alone", sig, false, with(good[:4:4], "Webhook-Signature", "v2"+strings.TrimPrefix(good[5], "v1")), 401},
		{"four minutes old", sig, false, signed("m1", now.Add(-4*time.Minute), body), 202},
		{"six minutes old", sig, false, signed("m1", now.Add(-6*time.Minute), body), 401},
		{"six minutes early", sig, false, signed("m1", now.Add(6*time.Minute), body), 401},
		{"another body", sig, false, signed("m1", now, body+" "), 401},
		{"another id", sig, false, with(good, "Webhook-Id", "m2"), 401},
		{"another time", sig, false, with(good, "Webhook-Timestamp", strconv.FormatInt(now.Unix()-1, 10)), 401},
		{"no id", sig, false, signed("", now, body), 401},
		{"no number for a time", sig, false, with(good, "Webhook-Timestamp", "now"), 401},
		{"a time out of range", sig, false, with(good, "Webhook-Timestamp", "-9223372036854775808"), 401},
		{"garbage", sig, false, with(good, "Webhook-Signature", "v1,\x00 v1, v1 ,"), 401},
		{"no signature, on loopback", sig, true, nil, 401},
		{"the secret as a token", sig, false, bearer(secret), 401},
		{"token where both are set", both, false, bearer("hush"), 202},
		{"signature where both are set", both, false, good, 202},
		{"bad signature and good token", both, false, append(signed("m1", now, "x"), bearer("hush")...), 202},
		{"good signature and bad token", both, false, append(good[:6:6], bearer("x")...), 202},
		{"neither where both are set", both, false, append(signed("m1", now, "x"), bearer("x")...), 401},
	}
	// All share a store, where what was let in once is known: those that are refused
	// come first, so that nothing is there before one gets in.
	slices.SortStableFunc(cases, func(a, b testCase) int { return b.status - a.status })
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			tc.cfg.Name = "hook"
			src, err := webhook.New(tc.cfg, tc.open)
			require.NoError(t, err)
			rig.Start(ingest.Spec{Name: "hook", Type: ingest.TypeWebhook, Source: src})
			defer rig.Stop()
			rig.Until("the source runs", src.Running)
			got := post(t, src, body, tc.headers...)
			require.Equal(t, tc.status, got.Status)
			if tc.status == http.StatusAccepted {
				require.Len(t, rig.Log.Matched(t), 1)
				return
			}
			require.Empty(t, rig.Log.Matched(t))
			require.NotContains(t, got.Error.Message, "hush")
			require.NotContains(t, got.Error.Message, secret)
			require.Equal(t, tc.status == http.StatusUnauthorized, got.Header.Get("WWW-Authenticate") != "")
		})
	}
}

func TestSecretsThatAreNone(t *testing.T) {
	for _, s := range []setting.Secret{"whsec_", "whsec_!!", "hush?"} {
		_, err := webhook.New(ingest.Config{Name: "hook", SigningSecret: s}, true)
		require.ErrorContains(t, err, "signing_secret")
		require.NotContains(t, err.Error(), "hush")
	}
	_, err := webhook.New(ingest.Config{Name: "hook", SigningSecret: setting.Secret(strings.TrimPrefix(secret, "whsec_"))}, true)
	require.NoError(t, err)
}
