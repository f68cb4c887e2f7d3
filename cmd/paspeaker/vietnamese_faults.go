package main

// vietnameseFaults are the words of `paspeaker faults` and `ack`.
var vietnameseFaults = map[string]string{
	"nothing is wrong": "không có sự cố nào",
	"urgency":          "mức khẩn",
	"cause":            "nguyên nhân",
	"do":               "cách xử lý",
	"began":            "bắt đầu",
	"acked":            "đã nhận",
	"alarm":            "báo động",
	"warning":          "cảnh báo",
}
