// Java's HttpClient, which writes no forms: java WithHttpClient.java URL IMAGE DAMAGED

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.Files;
import java.util.Base64;

public class WithHttpClient {
    static final HttpClient CLIENT = HttpClient.newHttpClient();
    static final String FORM = "multipart/form-data; boundary=frontier";
    static String url;

    static void post(String name, String path, String type, BodyPublisher body) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url + path)).header("Content-Type", type).POST(body).build();
        var reply = CLIENT.send(request, BodyHandlers.ofString());
        System.out.println(name + " " + reply.statusCode() + " " + reply.body());
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static BodyPublisher form(byte[]... images) throws Exception {
        var body = new ByteArrayOutputStream();
        for (byte[] image : images) {
            body.write(bytes("--frontier\r\nContent-Disposition: form-data; name=\"image\"; filename=\"photo.png\"\r\n\r\n"));
            body.write(image);
            body.write(bytes("\r\n"));
        }
        body.write(bytes("--frontier\r\nContent-Disposition: form-data; name=\"top_k\"\r\n\r\n3\r\n--frontier--\r\n"));
        return BodyPublishers.ofByteArray(body.toByteArray());
    }

    public static void main(String[] arguments) throws Exception {
        url = arguments[0];
        var image = Path.of(arguments[1]);
        var pixels = Files.readAllBytes(image);
        var text = Base64.getEncoder().encodeToString(pixels);
        post("form", "/classify", FORM, form(pixels));
        post("raw", "/classify?top_k=3", "image/png", BodyPublishers.ofFile(image));
        post("json", "/classify", "application/json", BodyPublishers.ofString("{\"image\": \"" + text + "\", \"top_k\": 3}"));
        post("batch", "/classify/batch", FORM, form(pixels, Files.readAllBytes(Path.of(arguments[2]))));
        post("error", "/classify", "application/octet-stream", BodyPublishers.ofString("not an image"));
    }
}
