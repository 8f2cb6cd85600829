package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Command is a slash command that a person writes.
type Command struct {
	Channel string
	User    string
	Text    string
}

// command is what Slack sends for it.
func (s *Server) command(c Command) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clicks++
	return map[string]string{
		"token": "stand-in", "team_id": teamID, "team_domain": "standin", "channel_id": c.Channel, "channel_name": "support",
		"user_id": c.User, "user_name": strings.ToLower(c.User), "command": "/leakytap", "text": c.Text, "api_app_id": appID,
		"is_enterprise_install": "false", "trigger_id": strconv.Itoa(s.clicks) + ".standin." + c.User,
		"response_url": "http://" + s.addr + respondPath + s.responder(c.Channel, c.User),
	}
}

// CommandRequest is the signed request that Slack would send for a command at that time.
func (s *Server) CommandRequest(ctx context.Context, target string, c Command, at time.Time) (*http.Request, error) {
	form := url.Values{}
	for k, v := range s.command(c) {
		form.Set(k, v)
	}
	body := form.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making a command: %w", err)
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	req.Header.Set("X-Slack-Signature", Sign(s.opt.SigningSecret, stamp, body))
	return req, nil
}

// Command sends the daemon at target, its /slack/commands, a command and gives the answer.
func (s *Server) Command(ctx context.Context, target string, c Command) (Answer, error) {
	req, err := s.CommandRequest(ctx, target, c, time.Now())
	if err != nil {
		return Answer{}, err
	}
	begun := time.Now()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, fmt.Errorf("sending a command: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 256<<10))
	if err != nil {
		return Answer{}, fmt.Errorf("sending a command: %w", err)
	}
	return Answer{Status: resp.StatusCode, Body: string(body), Took: time.Since(begun)}, nil
}

// CommandSocket delivers a command on a socket and gives what it is answered with.
func (s *Server) CommandSocket(c Command) (Answer, error) {
	raw, err := json.Marshal(s.command(c))
	if err != nil {
		return Answer{}, fmt.Errorf("making a command: %w", err)
	}
	return s.Deliver("slash_commands", s.EnvelopeID(), 0, raw)
}
