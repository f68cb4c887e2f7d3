package main

// vietnameseErrands are the words of what the board of `paspeaker watch` runs;
// its own stand beside it.
var vietnameseErrands = map[string]string{
	"Enter returns to the board": "Nhấn Enter để trở lại bảng",
	"wrong usage":                "sai cách dùng",
	"busy or refused":            "bận hoặc bị từ chối",
	"the controller or the microphone cannot be reached": "không liên lạc được với bộ điều khiển hoặc micrô",
	"not found":            "không tìm thấy",
	"denied":               "không được phép",
	"not heard everywhere": "không nghe được ở mọi nơi",
	"it did not succeed":   "không thành công",
}
