package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// wordRooms are where errors are worded that an operator may read.
var wordRooms = []string{".", "../../paspeaker", "../../paspeaker/api", "../../paspeaker/api/client", "../../paspeaker/bus", "../../paspeaker/controller",
	"../../paspeaker/schedule", "../../paspeaker/site", "../../audio/ingest", "../../audio/source"}

// sourceSentences returns every text of the rooms, and every run of its clauses.
func sourceSentences(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, room := range wordRooms {
		files, err := filepath.Glob(room + "/*.go")
		require.NoError(t, err)
		require.NotEmpty(t, files, room)
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(filepath.Base(name), "vietnamese") {
				continue
			}
			tree, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			ast.Inspect(tree, func(n ast.Node) bool {
				if e, ok := n.(ast.Expr); ok {
					for line := range strings.Lines(formatOf(e)) {
						line = strings.TrimLeft(strings.TrimSuffix(line, "\n"), " ")
						addClauses(out, line)
						addClauses(out, strings.ReplaceAll(line, "“%s”", "%s"))
					}
				}
				return true
			})
		}
	}
	return out
}

// formatOf is what an expression of texts is as a format.
func formatOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return formatOf(e.X) + formatOf(e.Y)
		}
	case *ast.CallExpr:
		switch fun := e.Fun.(type) {
		case *ast.Ident:
			if fun.Name == "quoted" {
				return "“%s”"
			}
		case *ast.SelectorExpr:
			if fun.Sel.Name == "Sprintf" && len(e.Args) > 0 {
				return formatOf(e.Args[0])
			}
		}
	}
	return "%s"
}

func addClauses(to map[string]bool, line string) {
	ends := append(clauseEnd.FindAllStringIndex(line, -1), []int{len(line), len(line)})
	start := 0
	for i := range ends {
		for _, end := range ends[i:min(i+maxClauses, len(ends))] {
			to[line[start:end[0]]] = true
		}
		start = ends[i][1]
	}
}

// A sentence that is worded anew in English needs its Vietnamese anew.
func TestEverySentenceThatIsTranslatedIsSaid(t *testing.T) {
	source := sourceSentences(t)
	for _, pair := range vietnameseErrors {
		assert.True(t, source[pair[0]], "nothing says %q any more", pair[0])
	}
}

func TestWhatASentenceSaysSurvives(t *testing.T) {
	samples := map[string]string{"%s": "khu-7", "%w": "khu-7", "%v": "30m0s", "%q": `"a: “b”; c"`, "%d": "42", "%g": "-3.5"}
	for i, pair := range vietnameseErrors {
		en, vi := englishVerb.FindAllString(pair[0], -1), saidVerb.FindAllString(pair[1], -1)
		if !assert.Len(t, vi, len(en), pair[0]) {
			continue
		}
		assert.True(t, norm.NFC.IsNormalString(pair[1]), "%q is not NFC", pair[1])
		assert.NotEmpty(t, strings.TrimSpace(pair[1]), pair[0])
		args := make([]string, len(en))
		for j, v := range en {
			args[j] = samples[v]
			if vi[j] == "%t" {
				assert.Equal(t, "%s", v, pair[0])
				args[j] = "the file"
			} else {
				assert.Equal(t, v, vi[j], pair[0])
			}
		}
		n := -1
		said := englishVerb.ReplaceAllStringFunc(pair[0], func(string) string { n++; return args[n] })
		want, ok := fill(sentences()[i].said, args)
		assert.True(t, ok, pair[0])
		assert.Equal(t, want, vietnamese.say(said), "another sentence takes the place of %q", pair[0])
	}
}

// A refusal is found wherever it stands, whatever is in it.
func TestARefusalIsSaidInVietnamese(t *testing.T) {
	next := time.Date(2026, 11, 24, 6, 0, 30, 0, time.UTC)
	for rule := range guardRules {
		for _, limit := range []string{"", "giờ phát", "phát thanh (sáng), cổng"} {
			for _, zone := range []paspeaker.ZoneID{"", "gates", paspeaker.ZoneAll} {
				for _, number := range [][2]string{{"03:15-03:20", "06:00-11:30, 13:00-17:00"}, {"03:15", "never"}, {"2026-11-24", "-"}, {"-4.5 dB", "≥ +2 dB"}, {"16m", "15m"}} {
					for _, at := range []time.Time{{}, next} {
						r := paspeaker.Refusal{Rule: rule, Limit: limit, Zone: zone, Asked: number[0], Allow: number[1], Next: at}
						said := vietnamese.refusal(&r)
						assert.Equal(t, r.String(), english.refusal(&r))
						assert.Contains(t, said, number[0])
						assert.Contains(t, said, limit)
						assert.Equal(t, "  2026-11-24 03:15 "+said, vietnamese.say("  2026-11-24 03:15 "+r.String()))
					}
				}
			}
		}
	}
	assert.Equal(t, "bộ giám sát: khung giờ (phát thanh), khu vực gates: 03:15, chỉ cho phép 06:00-18:00; sớm nhất được phép: 2026-11-24 06:00:30",
		vietnamese.say("guard: hours (phát thanh), zone gates: 03:15, allowed 06:00-18:00; next at 2026-11-24 06:00:30"))
}

func TestWhatNobodyKnowsStaysAsItIs(t *testing.T) {
	for _, text := range []string{"", "something new: 3 of 4; look at it", "zones.yaml:7: emergencies.gas", "đã lưu: xong", strings.Repeat("a: ", 2000)} {
		assert.Equal(t, text, vietnamese.say(text))
	}
	assert.Equal(t, "token is missing or wrong", english.say("token is missing or wrong"))
	assert.Equal(t, "a.yaml:3: chiến dịch s: rules[0].at[1]: giờ \"6: 7\": cần dạng như 06:30 hoặc 18:00:15\na.yaml:5: chiến dịch s: zones: còn thiếu; hãy nói phát ở đâu; all là toàn bộ",
		vietnamese.say("a.yaml:3: campaign s: rules[0].at[1]: time \"6: 7\": want a form like 06:30 or 18:00:15\na.yaml:5: campaign s: zones: are missing; say where it sounds; all is the whole site"))
	assert.Equal(t, "bộ giám sát: ngày yên lặng (thi), khu vực gates: 2026-11-24; không có lúc nào được phép trong hai tuần tới; các quy tắc nằm trong tệp mà zones.yaml ghi ở mục guard",
		vietnamese.say("guard: quiet day (thi), zone gates: 2026-11-24, allowed -; not within two weeks; the rules are in the file that zones.yaml names as guard"))
	assert.Equal(t, "một phần mới: tệp âm thanh bị hỏng: new detail", vietnamese.say("một phần mới: sound file is damaged: new detail"))
}

// An operator in Vietnam reads why, and what to do.
func TestErrorsAreSaidInVietnamese(t *testing.T) {
	var answer body.Problem
	flags := connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(answer.Status)
		assert.NoError(t, json.NewEncoder(w).Encode(answer))
	}))
	add := []string{"campaign", "add", "slogans", "-m", "slogan-1", "-z", "gates", "--at", "03:15"}
	for _, c := range []struct {
		args         []string
		status       int
		code         paspeaker.Code
		what, hint   string
		want, advice string
	}{
		{add, 422, paspeaker.CodeInvalid, "campaign slogans: the guard refuses 31 of 62 runs in its first 31 days:\n  2026-11-24 03:15 guard: hours (giờ phát), zone gates: 03:15, allowed 06:00-18:00; next at 2026-11-24 06:00:00",
			"choose other times, or save it all the same with --force: what is refused is left out",
			"chiến dịch slogans: bộ giám sát từ chối 31 trong 62 lần phát của 31 ngày đầu:\n  2026-11-24 03:15 bộ giám sát: khung giờ (giờ phát), khu vực gates: 03:15, chỉ cho phép 06:00-18:00; sớm nhất được phép: 2026-11-24 06:00:00",
			"hãy chọn giờ khác, hoặc thêm --force để vẫn lưu: những lần bị từ chối sẽ không phát"},
		{add, 422, paspeaker.CodeInvalid, "campaign slogans: messages[0]: message “slogan-1”: there is none; did you mean “slogan-2”?", "",
			"chiến dịch slogans: messages[0]: không có thông điệp “slogan-1”; có phải ý bạn là “slogan-2”?", ""},
		{add, 409, paspeaker.CodeConflict, "campaign slogans: there is one already", "change it with `paspeaker campaign edit slogans`, or choose another id",
			"đã có chiến dịch slogans", "hãy sửa nó bằng `paspeaker campaign edit slogans`, hoặc chọn mã khác"},
		{[]string{"campaign", "show", "slogan"}, 404, paspeaker.CodeNotFound, `campaign "slogan": there is none`, "did you mean slogans?",
			`không có chiến dịch "slogan"`, "có phải ý bạn là slogans?"},
		{[]string{"campaign", "list"}, 401, paspeaker.CodeDenied, "token is missing or wrong", "", "thiếu token, hoặc token sai",
			"hãy đưa token của bộ điều khiển: --token-file chỉ ra tệp, và bộ điều khiển in đường dẫn của tệp khi khởi động"},
		{[]string{"message", "say", "Chào", "xin chào"}, 409, paspeaker.CodeConflict, "message “Chào”: there is one already, version 3", "replace its sound with --replace, or choose another name",
			"đã có thông điệp “Chào”, phiên bản 3", "thêm --replace để thay âm thanh của nó, hoặc chọn tên khác"},
		{[]string{"message", "edit", "Chào", "--rename", "Khác"}, 409, paspeaker.CodeConflict, "rename message “Chào”: it is used by campaign slogans, campaign doi-ca",
			"take it out of there first; a new version needs nothing of that: paspeaker message add --replace",
			"không đổi tên được thông điệp “Chào”: đang được dùng trong chiến dịch slogans, chiến dịch doi-ca",
			"hãy bỏ nó ra khỏi đó trước; tạo phiên bản mới thì không cần: paspeaker message add --replace"},
		{[]string{"message", "add", "Chào", "vietnamese.go"}, 422, paspeaker.CodeInvalid, "decode vietnamese.go: decode sound: not a sound file: ffmpeg says \"x\"",
			"send a recording: WAV, FLAC, Ogg Vorbis, Ogg Opus, or what ffmpeg reads",
			"không giải mã được vietnamese.go: giải mã âm thanh: không phải tệp âm thanh: ffmpeg says \"x\"",
			"hãy gửi tệp âm thanh: WAV, FLAC, Ogg Vorbis, Ogg Opus, hoặc loại mà ffmpeg đọc được"},
		{[]string{"message", "add", "Chào", "vietnamese.go"}, 413, paspeaker.CodeTooLarge, "recording is larger than 67108864 bytes", "", "tệp âm thanh lớn hơn 67108864 byte", ""},
		{[]string{"report", "--day", "2027-01-01"}, 422, paspeaker.CodeInvalid, "day 2027-01-01 has not come yet", "", "chưa đến ngày 2027-01-01", ""},
	} {
		answer = body.Problem{Status: c.status, Code: c.code, What: c.what, Hint: c.hint}
		want := "paspeaker: " + c.want + "\n"
		if c.advice != "" {
			want += "  " + c.advice + "\n"
		}
		t.Setenv("LC_ALL", "vi_VN.UTF-8")
		out, _ := run(t, append(c.args, flags...)...)
		assert.Contains(t, out, want)
		out, _ = run(t, append(append(c.args, flags...), "--json")...)
		assert.Contains(t, out, "paspeaker: "+c.what+"\n", "programs read English")
		t.Setenv("LC_ALL", "C.UTF-8")
		out, _ = run(t, append(c.args, flags...)...)
		assert.Contains(t, out, "paspeaker: "+c.what+"\n")
	}
	t.Setenv("LC_ALL", "vi_VN.UTF-8")
	out, code := run(t, append([]string{"campaign", "list"}, append(flags, "--url", "http://127.0.0.1:1")...)...)
	assert.Equal(t, exitUnreachable, code)
	assert.Contains(t, out, "paspeaker: không kết nối được với bộ điều khiển tại http://127.0.0.1:1: dial tcp 127.0.0.1:1: connect: kết nối bị từ chối\n")
	out, code = run(t, "campaign", "add", "slogans", "-z", "gates", "--at", "06:30")
	assert.Equal(t, exitUsage, code)
	assert.Equal(t, "paspeaker: phát gì? hãy nêu thông điệp bằng --message\n", out)
	assert.Equal(t, "# ! campaign.yaml:3: rules: chưa có\n", string(faultLines(vietnamese, fmt.Errorf("campaign.yaml:3: rules: there are none"))))
}
