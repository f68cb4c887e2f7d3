package main

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"pa/paspeaker"
)

// Errors come as finished English sentences: over the API, from the client, from
// a file's reader. They are recognised by their form and said anew with what
// stood in them. What is not recognised stays English.

// say returns an error, or why something did not sound, in the reader's
// language. Lines stay lines, and a file's name and line before a fault stay.
func (l language) say(text string) string {
	if l != vietnamese || text == "" {
		return text
	}
	if said := l.tr(text); said != text {
		return said
	}
	text = refusalForm.ReplaceAllStringFunc(text, sayRefusal)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		words := strings.TrimLeft(line, " ")
		lines[i] = line[:len(line)-len(words)] + sayClauses(words)
	}
	return strings.Join(lines, "\n")
}

// clauseEnd parts what an error wraps, and what to do about it.
var clauseEnd = regexp.MustCompile(`[:;] `)

// maxClauses is how many clauses one sentence has at most; it bounds the work on
// a text of nothing but colons.
const maxClauses = 6

// sayClauses finds the longest sentences in a line and leaves the rest.
func sayClauses(line string) string {
	ends := append(clauseEnd.FindAllStringIndex(line, -1), []int{len(line), len(line)})
	var b strings.Builder
	for start := 0; len(ends) > 0; {
		n := min(maxClauses, len(ends))
		said, ok := saySentence(line[start:ends[n-1][0]])
		for !ok && n > 1 {
			n--
			said, ok = saySentence(line[start:ends[n-1][0]])
		}
		end := ends[n-1]
		if !ok {
			said = line[start:end[0]]
		}
		b.WriteString(said + line[end[0]:end[1]])
		start, ends = end[1], ends[n:]
	}
	return b.String()
}

// sentence is how an English sentence looks, and what it is in Vietnamese.
type sentence struct {
	form  *regexp.Regexp
	fixed string // the longest text between its verbs: cheaper to look for than form
	said  string
}

var (
	englishVerb = regexp.MustCompile(`%[sdqgvw]`)
	saidVerb    = regexp.MustCompile(`%[sdqgvwt]`)
)

// verbForms is what a verb printed. One of a text does not reach over the end of
// a clause, unless that is quoted.
var verbForms = map[string]string{
	"%q": `("(?:[^"\\]|\\.)*")`,
	"%d": `(-?\d+)`,
	"%g": `([-+.\da-zA-Z]+)`,
	"":   `((?:“[^”]*”|"(?:[^"\\]|\\.)*"|[^:;“"]|[:;][^ ])+)`,
}

var sentences = sync.OnceValue(func() []sentence {
	out := make([]sentence, len(vietnameseErrors))
	for i, pair := range vietnameseErrors {
		fixed := englishVerb.Split(pair[0], -1)
		form := "^" + regexp.QuoteMeta(fixed[0])
		for n, verb := range englishVerb.FindAllString(pair[0], -1) {
			if verbForms[verb] == "" {
				verb = ""
			}
			form += verbForms[verb] + regexp.QuoteMeta(fixed[n+1])
		}
		longest := slices.MaxFunc(fixed, func(a, b string) int { return len(a) - len(b) })
		out[i] = sentence{regexp.MustCompile(form + "$"), longest, pair[1]}
	}
	return out
})

// saySentence says a whole sentence; ok is false for one that nobody knows.
func saySentence(text string) (said string, ok bool) {
	if said, ok = vietnameseCauses[text]; ok {
		return said, true
	}
	for _, s := range sentences() {
		if !strings.Contains(text, s.fixed) {
			continue
		}
		if m := s.form.FindStringSubmatch(text); m != nil {
			if said, ok = fill(s.said, m[1:]); ok {
				return said, true
			}
		}
	}
	return "", false
}

// fill puts what an English sentence's verbs printed into its translation. What
// is to be translated too, and cannot be, makes it another sentence.
func fill(said string, printed []string) (string, bool) {
	n, ok := -1, true
	out := saidVerb.ReplaceAllStringFunc(said, func(verb string) string {
		n++
		if verb != "%t" {
			return printed[n]
		}
		words := strings.Split(printed[n], ", ")
		for i, w := range words {
			var known bool
			words[i], known = saySentence(w)
			ok = ok && known
		}
		return strings.Join(words, ", ")
	})
	return out, ok
}

// guardRules are the names of the guard's rules.
var guardRules = map[string]string{
	paspeaker.GuardHours:          "khung giờ",
	paspeaker.GuardQuietDay:       "ngày yên lặng",
	paspeaker.GuardSessions:       "số đợt phát mỗi ngày",
	paspeaker.GuardSessionMinutes: "thời lượng mỗi đợt",
	paspeaker.GuardDayMinutes:     "thời lượng mỗi ngày",
	paspeaker.GuardLevel:          "âm lượng",
	paspeaker.GuardGap:            "khoảng nghỉ giữa hai lần phát",
	paspeaker.GuardNeighbour:      "khu vực lân cận đang phát to hơn",
}

// refusalForm is paspeaker.Refusal's sentence, wherever it stands.
var refusalForm = regexp.MustCompile(`guard: (hours|quiet day|sessions a day|minutes a session|minutes a day|level|gap|neighbour)` +
	`(?: \(([^\n]+?)\))?(?:, zone (\S+?))?: ([^,\n]+), allowed ([^\n;]+?)(?:; not within two weeks|; next at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d))`)

// sayRefusal translates the sentence that refusalForm found.
func sayRefusal(text string) string {
	m := refusalForm.FindStringSubmatch(text)
	r := paspeaker.Refusal{Rule: m[1], Limit: m[2], Zone: paspeaker.ZoneID(m[3]), Asked: m[4], Allow: m[5]}
	if m[6] != "" {
		next, err := time.Parse(time.DateTime, m[6])
		if err != nil {
			return text
		}
		r.Next = next
	}
	return vietnamese.refusal(&r)
}

// refusal says what the guard says against something.
func (l language) refusal(r *paspeaker.Refusal) string {
	if l != vietnamese {
		return r.String()
	}
	s := "bộ giám sát: " + guardRules[r.Rule]
	if r.Limit != "" {
		s += " (" + r.Limit + ")"
	}
	if r.Zone != "" {
		s += ", khu vực " + string(r.Zone)
	}
	s += ": " + r.Asked
	switch {
	case r.Rule == paspeaker.GuardQuietDay: // nothing is allowed, which the rule's name says
	case r.Allow == "never":
		s += ", không cho phép lúc nào"
	case r.Rule == paspeaker.GuardGap:
		s += ", ít nhất phải " + r.Allow
	default:
		s += ", chỉ cho phép " + r.Allow
	}
	if r.Next.IsZero() {
		return s + "; không có lúc nào được phép trong hai tuần tới"
	}
	return s + "; sớm nhất được phép: " + r.Next.Format(time.DateTime)
}

// vietnameseCauses are the causes that the system words.
var vietnameseCauses = map[string]string{
	syscall.ECONNREFUSED.Error(): "kết nối bị từ chối",
	syscall.ECONNRESET.Error():   "kết nối bị ngắt",
	syscall.EHOSTUNREACH.Error(): "không có đường đến máy đó",
	syscall.ENETUNREACH.Error():  "không có đường đến mạng đó",
	syscall.ENOENT.Error():       "không có tệp hoặc thư mục này",
	syscall.EACCES.Error():       "không có quyền truy cập",
	syscall.EISDIR.Error():       "đây là thư mục",
	syscall.ENOSPC.Error():       "đĩa đã đầy",

	os.ErrDeadlineExceeded.Error():   "quá lâu không có trả lời",
	context.DeadlineExceeded.Error(): "quá thời gian chờ",
}

// vietnameseErrors are the sentences of the controller and of our own commands,
// as the source writes them, each with as many verbs in the same order. %t is
// something that is a sentence itself, or several with commas. The first that
// fits counts.
var vietnameseErrors = [][2]string{
	// The way to the controller.
	{"reach controller at %s", "không kết nối được với bộ điều khiển tại %s"},
	{"is paspeakerd running there? --url says where it is", "paspeakerd có đang chạy ở đó không? dùng --url để chỉ nơi nó chạy"},
	{"token is missing or wrong", "thiếu token, hoặc token sai"},
	{"give the controller's token: --token-file names the file, and the controller prints its path when it starts",
		"hãy đưa token của bộ điều khiển: --token-file chỉ ra tệp, và bộ điều khiển in đường dẫn của tệp khi khởi động"},
	{"read token", "không đọc được token"},
	{"name the file that paspeakerd printed at its first start with --token-file or PASPEAKER_TOKEN_FILE",
		"dùng --token-file hoặc PASPEAKER_TOKEN_FILE để chỉ ra tệp mà paspeakerd đã in khi khởi động lần đầu"},
	{"it may say url, token_file, fingerprint and by", "trong đó chỉ có url, token_file, fingerprint và by"},
	{"the controller at %s shows a certificate that nothing here vouches for", "bộ điều khiển tại %s đưa ra chứng chỉ mà máy này không có gì để tin"},
	{"name it with --fingerprint: paspeakerd says it in its first log line", "hãy chỉ ra dấu vân tay bằng --fingerprint: paspeakerd ghi nó ở dòng nhật ký đầu tiên"},
	{"the controller's certificate is not the one that was expected", "chứng chỉ của bộ điều khiển không đúng như mong đợi"},
	{"somebody may be in between; if the controller was set up anew, take its new fingerprint",
		"có thể có kẻ chen vào giữa; nếu bộ điều khiển vừa được cài lại, hãy lấy dấu vân tay mới"},
	{"%s answered %s", "%s trả lời %s"},
	{"is it a paspeaker controller?", "đó có phải là bộ điều khiển paspeaker không?"},
	{"not a URL", "không phải là URL"},
	{"names no host", "thiếu tên máy"},
	{"plain http to another machine would send the token in clear", "http đến máy khác sẽ gửi token không mã hóa"},
	{"want https://host:port, or http://127.0.0.1:port on the controller itself", "cần dạng https://máy:cổng, hoặc http://127.0.0.1:cổng ngay trên bộ điều khiển"},
	{"fingerprint: want 64 hexadecimal digits, the SHA-256 of the controller's certificate", "fingerprint: cần 64 chữ số thập lục phân, là SHA-256 chứng chỉ của bộ điều khiển"},
	{"request was cancelled", "yêu cầu đã bị hủy"},
	{"NATS is down or does not answer; try again", "NATS đã ngừng hoặc không trả lời; hãy thử lại"},
	{"the request broke something; the log says more", "yêu cầu này gây ra lỗi bên trong; nhật ký của bộ điều khiển cho biết thêm"},

	// The guard, and runs that did not sound.
	{"campaign %s: the guard refuses %d of %d runs in its first 31 days:", "chiến dịch %s: bộ giám sát từ chối %d trong %d lần phát của 31 ngày đầu:"},
	{"the guard refuses %d of %d runs in its first 31 days:", "bộ giám sát từ chối %d trong %d lần phát của 31 ngày đầu:"},
	{"choose other times", "hãy chọn giờ khác"},
	{"choose other times, or save it all the same with --force: what is refused is left out", "hãy chọn giờ khác, hoặc thêm --force để vẫn lưu: những lần bị từ chối sẽ không phát"},
	{"the rules are in the file that zones.yaml names as guard", "các quy tắc nằm trong tệp mà zones.yaml ghi ở mục guard"},
	{"a quiet test (--quiet) may run at any hour: nobody hears it", "kiểm tra rất nhỏ (--quiet) chạy được vào mọi giờ: không ai nghe thấy"},
	{"an emergency is exempt; anything else", "khẩn cấp được miễn; với nội dung khác"},
	{"nobody was there to play it", "không có bộ điều khiển nào chạy để phát"},
	{"it was due while nobody was there to play it", "đến giờ phát mà không có bộ điều khiển nào chạy"},
	{"a later run of the campaign takes its place", "một lần phát sau của chiến dịch đã thay chỗ"},
	{"the campaign's last run is still on air", "lần phát trước của chiến dịch vẫn đang phát"},
	{"%s (due %s)", "%t (giờ phát %s)"},

	// Messages.
	{"message %s: there is none", "không có thông điệp %s"},
	{"paspeaker message list shows what there is", "paspeaker message list cho biết đang có những gì"},
	{"did you mean %s?", "có phải ý bạn là %s?"},
	{"message %s: there is one already, version %d", "đã có thông điệp %s, phiên bản %d"},
	{"message %q: there is one already, version %d", "đã có thông điệp %q, phiên bản %d"},
	{"replace its sound with --replace, or choose another name", "thêm --replace để thay âm thanh của nó, hoặc chọn tên khác"},
	{"message %q: it was removed just now", "thông điệp %q: vừa bị xóa"},
	{"message %q: somebody else made version %d just now", "thông điệp %q: người khác vừa tạo phiên bản %d"},
	{"message %s: version %d is the newest, not %d", "thông điệp %s: phiên bản mới nhất là %d, không phải %d"},
	{"look at it again: paspeaker message show", "hãy xem lại: paspeaker message show"},
	{"look at it again, then edit", "hãy xem lại rồi sửa"},
	{"version %s is not kept", "phiên bản %s không còn được giữ"},
	{"paspeaker message show --versions lists them", "paspeaker message show --versions liệt kê các phiên bản"},
	{"remove message %s", "không xóa được thông điệp %s"},
	{"read message %s", "không đọc được thông điệp %s"},
	{"store message %s", "không lưu được thông điệp %s"},
	{"remove", "xóa"},
	{"rename", "đổi tên"},
	{"%s message %s: it is used by %s", "không %t được thông điệp %s: đang được dùng trong %t"},
	{"it is used by %s", "đang được dùng trong %t"},
	{"take it out of there first; a new version needs nothing of that: paspeaker message add --replace",
		"hãy bỏ nó ra khỏi đó trước; tạo phiên bản mới thì không cần: paspeaker message add --replace"},
	{"message name", "tên thông điệp"},
	{"there is none", "không có"},
	{"give it one, such as Chào buổi sáng", "hãy đặt tên, ví dụ Chào buổi sáng"},
	{"it is not UTF-8", "không phải UTF-8"},
	{"set the terminal to UTF-8", "hãy đặt terminal dùng UTF-8"},
	{"it is longer than 100 characters", "dài hơn 100 ký tự"},
	{"put what it says into the text or the note", "hãy ghi nội dung vào text hoặc ghi chú"},
	{"it begins or ends with a space", "có dấu cách ở đầu hoặc cuối"},
	{"leave the space out", "hãy bỏ dấu cách"},
	{"it begins with a hyphen, as options do", "bắt đầu bằng dấu gạch nối, như các tùy chọn"},
	{"leave it out", "hãy bỏ đi"},
	{"it has a slash or a control character", "có dấu gạch chéo hoặc ký tự điều khiển"},
	{"use letters, digits, spaces and the like", "dùng chữ cái, chữ số, dấu cách và tương tự"},

	// What does not become a message.
	{"the file", "tệp"},
	{"the text", "nội dung"},
	{"decode sound", "giải mã âm thanh"},
	{"decode message", "không giải mã được thông điệp"},
	{"decode %s", "không giải mã được %t"},
	{"decode %s", "không giải mã được %s"},
	{"prepare %s", "không dùng được %t"},
	{"prepare %s", "không dùng được %s"},
	{"start a decoder for %s", "không khởi động được bộ giải mã cho %t"},
	{"start a decoder for %s", "không khởi động được bộ giải mã cho %s"},
	{"read sound", "đọc âm thanh"},
	{"file %d", "tệp thứ %d"},
	{"there is nothing to hear in it", "trong đó không có gì để nghe"},
	{"record it again; --as-it-is keeps even silence", "hãy thu lại; --as-it-is giữ cả khoảng lặng"},
	{"not a sound file", "không phải tệp âm thanh"},
	{"send a recording: WAV, FLAC, Ogg Vorbis, Ogg Opus, or what ffmpeg reads", "hãy gửi tệp âm thanh: WAV, FLAC, Ogg Vorbis, Ogg Opus, hoặc loại mà ffmpeg đọc được"},
	{"unknown sound format: install ffmpeg or convert to WAV, FLAC or Ogg", "định dạng âm thanh lạ: hãy cài ffmpeg, hoặc chuyển sang WAV, FLAC hay Ogg"},
	{"sound file is damaged", "tệp âm thanh bị hỏng"},
	{"no sound in it", "không có âm thanh trong đó"},
	{"sound file is too large", "tệp âm thanh quá lớn"},
	{"recording is too long", "âm thanh quá dài"},
	{"more than %d MiB", "hơn %d MiB"},
	{"more than %v", "hơn %v"},
	{"recording is larger than %d bytes", "tệp âm thanh lớn hơn %d byte"},
	{"send a shorter or a compressed one (Ogg Opus), or raise limits.max_upload in zones.yaml",
		"hãy gửi tệp ngắn hơn hoặc đã nén (Ogg Opus), hoặc tăng limits.max_upload trong zones.yaml"},
	{"took too long to decode", "giải mã quá lâu"},
	{"convert it to WAV, FLAC or Ogg, or cut it", "hãy chuyển sang WAV, FLAC hay Ogg, hoặc cắt ngắn"},
	{"needs too much memory to decode", "giải mã tốn quá nhiều bộ nhớ"},
	{"decoder crashed on it", "bộ giải mã bị sập khi đọc tệp này"},
	{"no decoder could be started", "không khởi động được bộ giải mã nào"},
	{"say “%s”", "không đọc được “%s” thành tiếng"},
	{"speech program is not installed", "chưa cài chương trình đọc"},
	{"install it on the controller, or name another in messages.speech.command of zones.yaml",
		"hãy cài nó trên bộ điều khiển, hoặc ghi chương trình khác ở messages.speech.command trong zones.yaml"},
	{"speech program failed", "chương trình đọc gặp lỗi"},
	{"see messages.speech in zones.yaml", "xem messages.speech trong zones.yaml"},
	{"say: no text", "chưa có nội dung để đọc"},
	{"voice %q: there is none", "không có giọng %q"},
	{"the voices are %s; see messages.speech in zones.yaml", "các giọng: %s; xem messages.speech trong zones.yaml"},
	{"voice %q: not a voice's name", "%q không phải là tên giọng"},
	{"message: note or text is too long", "thông điệp: ghi chú hoặc nội dung quá dài"},
	{"message: %d files, at most 32", "thông điệp: %d tệp, nhiều nhất 32"},
	{"message: a gap of %s, want 0 to %s", "thông điệp: khoảng lặng %s, cần từ 0 đến %s"},
	{"message: loudness %g LUFS, want -40 to -8", "thông điệp: âm lượng %g LUFS, cần từ -40 đến -8"},
	{"loudness %g: use -40 to -8 LUFS", "âm lượng %g: dùng từ -40 đến -8 LUFS"},
	{"sound %s is damaged in the store", "âm thanh %s bị hỏng trong kho"},
	{"upload it again with --replace, or restore the state directory from a back-up", "hãy tải lên lại với --replace, hoặc phục hồi thư mục trạng thái từ bản sao lưu"},
	{"not a file", "không phải là tệp"},
	{"say what? a text or --file, not both", "đọc gì? nội dung hoặc --file, không cả hai"},
	{`say what? give a text, "-" for standard input, or --file`, `đọc gì? hãy đưa nội dung, "-" để đọc từ đầu vào chuẩn, hoặc --file`},
	{"the text is longer than 10000 characters", "nội dung dài hơn 10000 ký tự"},
	{"export what? name messages, or say --all", "xuất gì? hãy nêu tên thông điệp, hoặc thêm --all"},
	{"not an archive of messages, or of a newer version", "không phải tệp lưu trữ thông điệp, hoặc thuộc phiên bản mới hơn"},

	// Campaigns, and where they sound.
	{"campaign %q: there is none", "không có chiến dịch %q"},
	{"`paspeaker campaign list` shows them", "`paspeaker campaign list` liệt kê các chiến dịch"},
	{"campaign %s: there is one already", "đã có chiến dịch %s"},
	{"change it with `paspeaker campaign edit %s`, or choose another id", "hãy sửa nó bằng `paspeaker campaign edit %s`, hoặc chọn mã khác"},
	{"campaign %s: somebody has changed it meanwhile", "chiến dịch %s: có người vừa sửa trong lúc này"},
	{"look at it again: paspeaker campaign show %s", "hãy xem lại: paspeaker campaign show %s"},
	{"remove campaign %s", "không xóa được chiến dịch %s"},
	{"read campaign %s", "không đọc được chiến dịch %s"},
	{"store campaign %s", "không lưu được chiến dịch %s"},
	{"campaign %s", "chiến dịch %s"},
	{"zone %s: no such zone", "không có khu vực %s"},
	{"loudspeaker %s: no such loudspeaker", "không có loa %s"},
	{"that is a loudspeaker, not a zone", "đó là loa, không phải khu vực"},
	{"that is a zone, not a loudspeaker", "đó là khu vực, không phải loa"},
	{"use one of %s", "dùng một trong các từ %s"},
	{"delete it, or see the example zones.yaml", "hãy xóa đi, hoặc xem zones.yaml mẫu"},
	{"no zone and no loudspeaker is named", "chưa nêu khu vực hay loa nào"},
	{"name at least one; the zone all is every loudspeaker", "hãy nêu ít nhất một; khu vực all là mọi loa"},
	{"there is no loudspeaker in zone %s", "khu vực %s không có loa nào"},
	{"put one into it in zones.yaml", "hãy thêm loa vào đó trong zones.yaml"},

	// What is wrong in a campaign.
	{"%q is not an id", "%q không phải là mã"},
	{"use 1–32 of a–z, 0–9 and hyphens, such as slogans; the name may be anything", "dùng 1–32 ký tự a–z, 0–9 và dấu gạch nối, ví dụ slogans; tên thì tùy ý"},
	{"is longer than 200 characters, or has a line break", "dài hơn 200 ký tự, hoặc có xuống dòng"},
	{"are longer than 2000 bytes", "dài hơn 2000 byte"},
	{"shorten it", "hãy rút ngắn"},
	{"shorten them", "hãy rút ngắn"},
	{"are missing", "còn thiếu"},
	{"there are none", "chưa có"},
	{"say when: at, every, cron, rrule or shifts", "hãy nói khi nào: at, every, cron, rrule hoặc shifts"},
	{"say where it sounds; all is the whole site", "hãy nói phát ở đâu; all là toàn bộ"},
	{"name at least one, such as slogan-1", "hãy nêu ít nhất một, ví dụ slogan-1"},
	{"are %d", "có %d"},
	{"100 at most", "nhiều nhất 100"},
	{"%q is no name", "%q không phải là tên"},
	{"name a message", "hãy nêu tên một thông điệp"},
	{"does nothing unless order is weighted", "chỉ có tác dụng khi order là weighted"},
	{"say order: weighted, or delete it", "ghi order: weighted, hoặc xóa đi"},
	{"%d is an emergency's", "%d là mức của khẩn cấp"},
	{"use 0 to 223: what is planned is no emergency", "dùng từ 0 đến 223: việc đã lên kế hoạch không phải là khẩn cấp"},
	{"%q is not known", "không có từ %q"},
	{"%d times", "%d lần"},
	{"use 1 to 100", "dùng từ 1 đến 100"},
	{"use -60 to 20", "dùng từ -60 đến 20"},
	{"use at most 24h; 0 skips what was missed", "nhiều nhất 24h; 0 là bỏ qua lần bị lỡ"},
	{"%s of silence", "khoảng lặng %s"},
	{"use at most 10m", "nhiều nhất 10m"},
	{"is before begin", "đứng trước begin"},
	{"swap them", "hãy đổi chỗ"},
	{"there is no calendar %s", "không có lịch %s"},
	{"the calendars are %s", "các lịch: %s"},
	{"there is no chime %s", "không có chuông báo %s"},
	{"the chimes are %s", "các chuông báo: %s"},
	{"%q is no day", "%q không phải là ngày"},
	{"write 2026-11-20, 2026-11-20T06:30 or 2026-12-24..2026-12-31", "viết 2026-11-20, 2026-11-20T06:30 hoặc 2026-12-24..2026-12-31"},
	{"days %q: the last is before the first", "ngày %q: ngày cuối đứng trước ngày đầu"},
	{"says no times", "chưa nói giờ nào"},
	{"says times in several ways: %s", "nói giờ theo nhiều cách: %s"},
	{"a rule has one of at, every, cron, rrule, shifts; make several rules of it", "mỗi quy tắc chỉ có một trong at, every, cron, rrule, shifts; hãy tách thành nhiều quy tắc"},
	{"goes with %s alone", "chỉ đi với %s"},
	{"delete it, or make a rule of its own", "hãy xóa đi, hoặc viết thành quy tắc riêng"},
	{"time 24:00 is the next day's 00:00", "24:00 là 00:00 của ngày sau"},
	{"%s is no distance between runs", "%s không phải là khoảng cách giữa hai lần phát"},
	{"use whole seconds from 1m to 24h", "dùng số giây chẵn, từ 1m đến 24h"},
	{"24:00 is the end of the day", "24:00 là cuối ngày"},
	{"use 00:00", "dùng 00:00"},
	{"the site names no shifts", "chưa có ca nào được khai báo"},
	{"list them under shifts: in its calendars file", "hãy liệt kê các ca ở mục shifts: trong tệp lịch"},
	{"says before and after", "có cả before và after"},
	{"say one of them", "chỉ ghi một trong hai"},
	{"there is no shift %s", "không có ca %s"},
	{"the shifts are %s; all means every one", "các ca: %s; all là mọi ca"},
	{"%s from the change of shift", "cách giờ đổi ca %s"},
	{"use less than 24h", "dùng dưới 24h"},
	{"%q is not a day of the week", "%q không phải là thứ trong tuần"},
	{"use mon, tue, wed, thu, fri, sat, sun, or a run such as mon-fri", "dùng mon, tue, wed, thu, fri, sat, sun, hoặc một khoảng như mon-fri"},
	{"cron %q: want five fields: minute hour day month weekday, like */30 6-18 * * mon-fri",
		"cron %q: cần năm trường: phút giờ ngày tháng thứ, ví dụ */30 6-18 * * mon-fri"},
	{"want %d to %d", "cần từ %d đến %d"},
	{"want a step from 1 to %d", "cần bước từ 1 đến %d"},
	{"the end is before the begin", "cuối đứng trước đầu"},
	{"there is none; want something like FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=7;BYMINUTE=30", "còn trống; cần dạng như FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=7;BYMINUTE=30"},
	{"FREQ is missing", "thiếu FREQ"},
	{"%s is not a part of a rule", "quy tắc không có phần %s"},
	{"want MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY", "cần MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY hoặc YEARLY"},
	{"COUNT and UNTIL exclude each other", "COUNT và UNTIL loại trừ nhau"},
	{"at which time? give BYHOUR and BYMINUTE, or start: the first moment", "vào giờ nào? hãy ghi BYHOUR và BYMINUTE, hoặc start: thời điểm đầu tiên"},
	{"want a day such as MO, or 1MO, or -1FR", "cần thứ như MO, hoặc 1MO, hoặc -1FR"},

	// What is typed, and what is in files.
	{"day %q: want a form like 2026-02-17", "ngày %q: cần dạng như 2026-02-17"},
	{"time %q: want a form like 06:30 or 18:00:15", "giờ %q: cần dạng như 06:30 hoặc 18:00:15"},
	{"moment %q: want a form like 2026-02-17T06:30", "thời điểm %q: cần dạng như 2026-02-17T06:30"},
	{"duration %q: want a number of seconds, or a form like 90s or 1m30s", "thời lượng %q: cần số giây, hoặc dạng như 90s hay 1m30s"},
	{"priority %q: want 0–255, background, routine, live or emergency", "mức ưu tiên %q: cần 0–255, background, routine, live hoặc emergency"},
	{"--gain %q: want dB, such as -3", "--gain %q: cần dB, ví dụ -3"},
	{"id %q: want 1 to 32 of a-z, 0-9 and hyphens; --name takes any words", "mã %q: cần 1 đến 32 ký tự a-z, 0-9 và dấu gạch nối; --name nhận chữ bất kỳ"},
	{"id %q: want 1 to 32 of a-z, 0-9 and hyphens", "mã %q: cần 1 đến 32 ký tự a-z, 0-9 và dấu gạch nối"},
	{"say what? name messages with --message", "phát gì? hãy nêu thông điệp bằng --message"},
	{"where? name zones with --zones, or loudspeakers with --speakers", "ở đâu? hãy nêu khu vực bằng --zones, hoặc loa bằng --speakers"},
	{"when? say --at, --every, --cron, --rrule, --shifts or --also", "khi nào? dùng --at, --every, --cron, --rrule, --shifts hoặc --also"},
	{"--to is not after --from", "--to không sau --from"},
	{"want a form like 2026-12-01 or 2026-12-01T06:30", "cần dạng như 2026-12-01 hoặc 2026-12-01T06:30"},
	{"want a time like 2026-11-24T08:00, 2026-11-24 or 08:00, or how long ago like 2h or 7d",
		"cần thời điểm như 2026-11-24T08:00, 2026-11-24 hoặc 08:00, hoặc cách đây bao lâu như 2h hay 7d"},
	{"--day %q: want a date like 2026-11-24, today or yesterday", "--day %q: cần ngày như 2026-11-24, today hoặc yesterday"},
	{"--format %q: want text, csv or html", "--format %q: cần text, csv hoặc html"},
	{"--limit %d: want 1 to 10000", "--limit %d: cần từ 1 đến 10000"},
	{"--follow and --verify: one of them", "--follow và --verify: chỉ một trong hai"},
	{"session id %q: want up to 16 hexadecimal digits", "mã phiên %q: cần tối đa 16 chữ số thập lục phân"},
	{"day %q: not a date", "%q không phải là ngày"},
	{"write it like 2026-11-24", "viết dạng 2026-11-24"},
	{"day %s has not come yet", "chưa đến ngày %s"},
	{"`paspeaker campaign preview` shows what will be", "`paspeaker campaign preview` cho biết sẽ phát những gì"},
	{"a plan of %s", "kế hoạch dài %s"},
	{"ask for 400 days at most, from the earlier to the later", "nhiều nhất 400 ngày, từ ngày trước đến ngày sau"},
	{"no campaigns", "không có chiến dịch nào"},
	{`it begins with "campaigns:" and a list`, `tệp bắt đầu bằng "campaigns:" và một danh sách`},
	{"there are two of that id", "có hai chiến dịch cùng mã này"},
	{"the controller says this; leave it out", "mục này do bộ điều khiển ghi; hãy bỏ đi"},
	{"said twice", "ghi hai lần"},
	{"%q is no number", "%q không phải là số"},
	{"there is no such word in a campaign", "chiến dịch không có từ này"},
	{"this is about campaign %s alone, whose id stays", "ở đây chỉ sửa chiến dịch %s, và mã giữ nguyên"},
	{"no calendar", "không phải là lịch"},
	{"it is to be iCalendar, RFC 5545", "cần là iCalendar, RFC 5545"},
	{"event %q", "sự kiện %q"},
	{"no title: say which message with --message", "không có tiêu đề: hãy nêu thông điệp bằng --message"},
	{"no zone in its place or categories: say where with --zones", "không có khu vực ở mục địa điểm hay phân loại: hãy nói ở đâu bằng --zones"},
	{"no time of day", "không có giờ"},
	{"no events", "không có sự kiện nào"},
	{"editor %s is not installed; set EDITOR to one that is", "chưa cài trình soạn thảo %s; hãy đặt EDITOR là trình đã cài"},
	{"no such command", "không có lệnh này"},
	{"see paspeaker --help", "xem paspeaker --help"},
	{"open editor", "không mở được trình soạn thảo"},
	{"open sound card", "không mở được card âm thanh"},
	{"open %s", "không mở được %s"},
}
