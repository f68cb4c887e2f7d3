package board

// helpText explains the keys and the signs.
const helpText = `Keys
  Tab, ← →        next pane             1 2 3 4   a pane by its number
  ↑ ↓, j k        next row              PgUp PgDn, Home End
  Enter           the zone's loudspeakers
  /               find by name (marks may be left out); Esc shows all
  s               stop the chosen announcement
  S               silence everything
  t               talk to the chosen zone
  T               test the chosen loudspeaker or zone
  a               say that the chosen fault is seen and looked after
  ?               this help             q, Ctrl-C  quit

Signs
  >  chosen       •  the zone whose loudspeakers are shown
  !  not all are there, or a fault; !! people are not reached
  ?  may not be true any more: the controller does not answer
  ████····  level at the output, −60 to 0 dBFS
  no word   somebody else's loudspeaker: nothing is ever heard of it`

// Vietnamese is everything that the board says: English to Vietnamese, formats
// with the same verbs in the same order.
var Vietnamese = map[string]string{
	helpText: `Phím
  Tab, ← →        ô kế tiếp             1 2 3 4   ô theo số
  ↑ ↓, j k        dòng kế tiếp          PgUp PgDn, Home End
  Enter           các loa của khu vực
  /               tìm theo tên (không cần dấu); Esc hiện tất cả
  s               ngừng thông báo đang chọn
  S               ngừng tất cả
  t               nói trực tiếp tới khu vực đang chọn
  T               kiểm tra loa hoặc khu vực đang chọn
  a               báo rằng sự cố đang chọn đã biết và có người lo
  ?               trợ giúp này          q, Ctrl-C  thoát

Ký hiệu
  >  đang chọn    •  khu vực có loa đang hiện
  !  thiếu loa, hoặc sự cố; !! người nghe không nghe được
  ?  có thể không còn đúng: bộ điều khiển không trả lời
  ████····  mức âm ở đầu ra, −60 đến 0 dBFS
  không tin  loa của bên thứ ba: không bao giờ báo về`,

	// Panes and the heads of their lists.
	"ON AIR":       "ĐANG PHÁT",
	"ZONES":        "KHU VỰC",
	"LOUDSPEAKERS": "LOA",
	"FAULTS":       "SỰ CỐ",
	"state":        "trạng thái",
	"what":         "việc gì",
	"class":        "loại",
	"where":        "ở đâu",
	"heard by":     "loa nghe",
	"elapsed":      "đã chạy",
	"meter":        "mức âm",
	"asked by":     "người yêu cầu",
	"id":           "mã",
	"name":         "tên",
	"online":       "trực tuyến",
	"on air":       "đang phát",
	"since":        "từ",
	"fault":        "sự cố",
	"seen by":      "đã biết",
	"clock":        "đồng hồ",
	"error":        "sai số",
	"lost":         "mất",
	"late":         "muộn",
	"note":         "ghi chú",
	"%d–%d of %d":  "%d–%d trên %d",

	"nothing is on air":        "không có gì đang phát",
	"no zones":                 "không có khu vực nào",
	"no loudspeakers":          "không có loa nào",
	"no faults":                "không có sự cố",
	"only “%s”, Esc shows all": "chỉ “%s”, Esc hiện tất cả",

	// The header.
	"asking the controller …":           "đang hỏi bộ điều khiển …",
	"controller answers":                "bộ điều khiển tốt",
	"%d/%d online":                      "%d/%d trực tuyến",
	"faults: %d":                        "sự cố: %d",
	"CONTROLLER NOT REACHABLE since %s": "MẤT BỘ ĐIỀU KHIỂN từ %s",
	"NOTHING HEARD OF THE CONTROLLER":   "BỘ ĐIỀU KHIỂN IM LẶNG",
	"data %s old":                       "dữ liệu cũ %s",

	// States.
	"waits":          "chờ",
	"paused":         "tạm dừng",
	"plays":          "phát",
	"ducked":         "phát nhỏ",
	"ready":          "sẵn sàng",
	"OFFLINE":        "MẤT TIN",
	"no word":        "không tin",
	"locked":         "khóa",
	"degraded":       "kém",
	"free-run":       "tự chạy",
	"MUTED":          "TẮT TIẾNG",
	"until %s by %s": "đến %s, do %s",
	"never heard of": "chưa từng thấy",
	"since %s":       "từ %s",

	// Classes and outcomes.
	"background":    "nền",
	"routine":       "thông thường",
	"live call":     "trực tiếp",
	"EMERGENCY":     "KHẨN CẤP",
	"done":          "xong",
	"stopped":       "đã ngừng",
	"preempted":     "bị chiếm ưu tiên",
	"expired":       "hết thời lượng",
	"waited":        "chờ quá lâu",
	"busy":          "khu vực bận",
	"refused":       "bị từ chối",
	"source lost":   "mất nguồn âm",
	"speakers gone": "loa không còn",
	"shutdown":      "bộ điều khiển tắt",

	// Orders and their questions.
	"s stop":            "s ngừng",
	"S stop all":        "S ngừng hết",
	"t talk":            "t nói",
	"T test":            "T kiểm tra",
	"a seen":            "a đã biết",
	"seen: %s":          "đã biết: %s",
	"note, then Enter:": "ghi chú rồi Enter:",
	"/ find":            "/ tìm",
	"Tab pane":          "Tab ô khác",
	"? help":            "? trợ giúp",
	"q quit":            "q thoát",
	"find:":             "tìm:",
	"stop %s":           "ngừng %s",
	"[y/N]":             "[c/K]",
	"y":                 "c",
	"STOP":              "NGUNG",
	"type %s and Enter to silence everything:": "gõ %s rồi Enter để ngừng tất cả:",
	"stop everything":                          "ngừng tất cả",
	"%d announcements ended":                   "đã ngừng %d thông báo",
	"that is over already":                     "việc đó đã xong rồi",
	"nothing was done":                         "không làm gì",
	"talk to %s":                               "nói tới %s",
	"test %s":                                  "kiểm tra %s",
	"cause:":                                   "nguyên nhân:",
	"do:":                                      "cần làm:",
	"no remedy is known":                       "chưa biết cách xử lý",
}
