package web

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfigValidate(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		want []string
	}{
		{"default", Default(), nil},
		{"ipv6 loopback", Config{Listen: "[::1]:80"}, nil},
		{"localhost", Config{Listen: "localhost:0"}, nil},
		{"mapped loopback", Config{Listen: "[::ffff:127.0.0.1]:80"}, nil},
		{"open with tokens", Config{Listen: ":8080", Auth: Auth{TokensFile: "t"}}, nil},
		{"metrics open", Config{Listen: DefaultListen, MetricsListen: "0.0.0.0:9090"}, nil},
		{"external", Config{Listen: DefaultListen, ExternalURL: "https://tap.example.org/"}, nil},
		{"open", Config{Listen: "0.0.0.0:8080"}, []string{
			"listen: 0.0.0.0:8080 can be reached from the network and nothing asks for a login; set auth.tokens_file, or listen on 127.0.0.1:8080",
		}},
		{"all interfaces", Config{Listen: ":8080"}, []string{
			"listen: :8080 can be reached from the network and nothing asks for a login; set auth.tokens_file, or listen on 127.0.0.1:8080",
		}},
		{"a name", Config{Listen: "localhost.example.org:80"}, []string{
			"listen: localhost.example.org:80 can be reached from the network and nothing asks for a login; set auth.tokens_file, or listen on 127.0.0.1:8080",
		}},
		{"empty", Config{}, []string{"listen: no address; write host:port such as 127.0.0.1:8080"}},
		{"port missing", Config{Listen: "127.0.0.1"}, []string{`listen: "127.0.0.1" is no host:port; write 127.0.0.1:8080`}},
		{"port big", Config{Listen: "127.0.0.1:99999"}, []string{`listen: "99999" is no port; write a number from 0 to 65535`}},
		{"all at once", Config{
			Listen: DefaultListen, MetricsListen: DefaultListen, ExternalURL: "ftp://x",
			Auth: Auth{Tokens: "a:bcdefghi", TokensFile: "t"},
		}, []string{
			"metrics_listen: 127.0.0.1:8080 is the address of listen too; choose another port",
			"external_url: this is no web address; write https://leakytap.example.org",
			"auth.tokens_file: tokens and tokens_file are both set; keep one of them",
		}},
		{"external with a path", Config{Listen: DefaultListen, ExternalURL: "https://a.example/tap"}, []string{
			"external_url: the address has more than a host; the inbox must stand at the root of a.example",
		}},
		{"tokens that nobody could use", Config{Listen: DefaultListen, Auth: Auth{Tokens: "dana:0123456789abcdef\nkofi:hunter2"}}, []string{
			"auth.tokens: line 2: the token of kofi is shorter than 16 characters; make one with openssl rand -hex 32",
		}},
		{"external with a password", Config{Listen: DefaultListen, ExternalURL: "https://u:secret@a.example/"}, []string{
			"external_url: the address of a.example holds a user or password; leave it out",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, p := range tt.cfg.Validate() {
				got = append(got, p.Error())
			}
			require.Equal(t, tt.want, got)
		})
	}
}

func TestBaseURL(t *testing.T) {
	require.Equal(t, "http://127.0.0.1:81", Default().BaseURL("127.0.0.1:81"))
	require.Equal(t, "http://127.0.0.1:81", Default().BaseURL("0.0.0.0:81"))
	require.Equal(t, "http://127.0.0.1:81", Default().BaseURL(":81"))
	require.Equal(t, "http://[::1]:81", Default().BaseURL("[::1]:81"))
	require.Equal(t, "https://a.example", Config{ExternalURL: "https://a.example/"}.BaseURL(":81"))
}
