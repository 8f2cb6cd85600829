package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

var errForeignURL = errors.New("the response_url is none of Slack's")

// respond posts to the response_url of a click, which needs no token and takes five
// answers within half an hour. It is asked only where it is Slack's, or stands beside
// the api_url.
func (r *Receiver) respond(ctx context.Context, to string, body any) error {
	u, err := url.Parse(to)
	if err != nil || !r.slacks(u) {
		return errForeignURL
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("writing a word to a person: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(raw))
	if err != nil {
		return errForeignURL
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := r.client.Do(req)
	if err != nil {
		return errors.New("the response_url does not answer")
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the response_url answers with status %d", resp.StatusCode)
	}
	return nil
}

// slacks reports whether an address is Slack's own, or at the host of the api_url.
func (r *Receiver) slacks(u *url.URL) bool {
	api, err := url.Parse(r.cfg.APIURL)
	if err != nil || u.User != nil || u.Scheme != api.Scheme {
		return false
	}
	h := strings.ToLower(u.Hostname())
	if u.Host == api.Host {
		return true
	}
	// The Web API at slack.com answers through hooks.slack.com.
	return u.Scheme == "https" && (h == "hooks.slack.com" || h == "hooks.slack-gov.com")
}
