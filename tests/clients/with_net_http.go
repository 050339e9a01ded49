// Go's net/http: go run with_net_http.go URL IMAGE DAMAGED
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func post(name, url, contentType string, body io.Reader) {
	reply := must(http.Post(url, contentType, body))
	defer reply.Body.Close()
	fmt.Println(name, reply.StatusCode, string(must(io.ReadAll(reply.Body))))
}

func form(images ...[]byte) (string, io.Reader) {
	var body bytes.Buffer
	fields := multipart.NewWriter(&body)
	for _, content := range images {
		must(must(fields.CreateFormFile("image", "photo.png")).Write(content))
	}
	if err := fields.WriteField("top_k", "3"); err != nil {
		panic(err)
	}
	if err := fields.Close(); err != nil {
		panic(err)
	}
	return fields.FormDataContentType(), &body
}

func main() {
	url, image, damaged := os.Args[1], must(os.ReadFile(os.Args[2])), must(os.ReadFile(os.Args[3]))
	one, both := url+"/classify", url+"/classify/batch"
	contentType, body := form(image)
	post("form", one, contentType, body)
	post("raw", one+"?top_k=3", "image/png", bytes.NewReader(image))
	text := must(json.Marshal(map[string]any{"image": image, "top_k": 3})) // bytes become base64
	post("json", one, "application/json", bytes.NewReader(text))
	contentType, body = form(image, damaged)
	post("batch", both, contentType, body)
	post("error", one, "application/octet-stream", bytes.NewReader([]byte("not an image")))
}
