// With the JDK's client, which offers HTTP/2 first: java Jdk.java ROOT
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

public class Jdk {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        URI predict = URI.create(arguments[0] + "/v1/predict");
        String body = "{\"text\": \"An amazing cast.\"}";
        for (int time = 1; time <= 2; time++) {
            var answer = client.send(
                HttpRequest.newBuilder(predict).POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
            System.out.println("POST /v1/predict, request " + time + "\t" + answer.statusCode() + ", " + answer.version());
        }
        var heard = new CompletableFuture<String>();
        URI stream = URI.create(arguments[0].replace("http", "ws") + "/v1/stream");
        client.newWebSocketBuilder().buildAsync(stream, new WebSocket.Listener() {
            public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
                heard.complete(data.toString());
                socket.request(1);
                return null;
            }
        }).join().sendText("{\"text\": \"amazing \"}", true);
        System.out.println("WebSocket /v1/stream\t" + heard.get().contains("\"word\":\"amazing\""));
        System.exit(0);
    }
}
