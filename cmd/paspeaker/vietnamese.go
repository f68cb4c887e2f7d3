package main

// vietnameseShared are the words that several commands use. A word that only
// one group of commands says stands in that group's own file, vietnamese_*.go.
var vietnameseShared = map[string]string{
	// Heads of tables.
	"id":       "mã",
	"name":     "tên",
	"time":     "giờ",
	"day":      "ngày",
	"zones":    "khu vực",
	"where":    "ở đâu",
	"priority": "mức ưu tiên",
	"state":    "trạng thái",
	"message":  "thông điệp",
	"messages": "thông điệp",
	"length":   "thời lượng",
	"level":    "âm lượng",
	"by":       "người thực hiện",
	"what":     "việc gì",
	"outcome":  "kết quả",
	"detail":   "chi tiết",
	"campaign": "chiến dịch",
	"notes":    "ghi chú",

	// Days of the week, Monday first.
	"Mon": "T2", "Tue": "T3", "Wed": "T4", "Thu": "T5", "Fri": "T6", "Sat": "T7", "Sun": "CN",

	// Answers and questions.
	"yes":                             "có",
	"no":                              "không",
	"Go on? [y/N] ":                   "Tiếp tục? [c/K] ",
	"nothing was changed":             "không có gì thay đổi",
	"nothing to show":                 "không có gì để hiển thị",
	"did you mean %s?":                "có phải ý bạn là %s?",
	"this sounds in %s":               "nội dung này sẽ phát ở %s",
	"say --yes to do it all the same": "thêm --yes để vẫn thực hiện",
}
