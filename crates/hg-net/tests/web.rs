//! Asking servers of others: what comes back, what is refused, what is limited, and what is known after a failure.

use std::time::Duration;

use hg_app::outgoing::{Ask, Method, Unanswered, Web};
use hg_net::web::WebClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers each connection with the next of these; what was asked comes back.
async fn server(answers: Vec<String>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.windows(4).any(|w| w == b"\r\n\r\n") {
                let n = stream.read(&mut buffer).await.unwrap();
                request.extend_from_slice(&buffer[..n]);
            }
            asked.push(String::from_utf8(request).unwrap());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
        asked
    });
    (at, asked)
}

fn ask(url: &str) -> Ask {
    Ask { private: true, redirects: 3, ..Ask::new(Method::Get, url) }
}

#[tokio::test]
async fn a_file_is_fetched_and_asked_for_again_only_when_it_changed() {
    let (at, asked) = server(vec![
        "HTTP/1.1 302 Found\r\nLocation: /real.csv\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into(),
        "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nemail\r\n9;x=y\r\n\na@b.org\n\r\n0\r\n\r\n"
            .into(),
        "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".into(),
    ])
    .await;
    let (web, folder) = (WebClient::new().unwrap(), tempfile::tempdir().unwrap());
    let to = folder.path().join("file");
    let first = web.fetch(ask(&(at.replace("http://", "http://ada:se%40cret@") + "/list.csv?day=1")), &to).await.unwrap();
    assert_eq!((first.status, first.header("etag")), (200, Some("\"v1\"")));
    assert_eq!(std::fs::read_to_string(&to).unwrap(), "email\na@b.org\n");
    let again = web.fetch(ask(&at).header("if-none-match", "\"v1\""), &to).await.unwrap();
    assert_eq!(again.status, 304);
    assert_eq!(std::fs::read_to_string(&to).unwrap(), "email\na@b.org\n", "an unchanged file stays");
    let asked = asked.await.unwrap();
    assert!(asked[0].starts_with("GET /list.csv?day=1 HTTP/1.1\r\n"), "{}", asked[0]);
    assert!(asked[0].to_lowercase().contains("authorization: basic ywrhonnlqgnyzxq="), "{}", asked[0]);
    assert!(asked[1].starts_with("GET /real.csv "), "{}", asked[1]);
    assert!(asked[2].contains("if-none-match: \"v1\"\r\n"), "{}", asked[2]);
}

#[tokio::test]
async fn a_body_goes_out_and_the_answer_comes_back_whatever_its_number() {
    let (at, asked) = server(vec!["HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nwait".into()]).await;
    let web = WebClient::new().unwrap();
    let ask = Ask { private: true, ..Ask::new(Method::Post, &at) }.json(&serde_json::json!({"a": 1})).header("x-own", "ü");
    let told = web.ask(ask).await.unwrap();
    assert_eq!((told.status, told.header("retry-after"), &*told.text()), (429, Some("7"), "wait"));
    let asked = asked.await.unwrap();
    assert!(asked[0].starts_with("POST / HTTP/1.1\r\n") && asked[0].ends_with("{\"a\":1}"), "{}", asked[0]);
}

#[tokio::test]
async fn only_the_public_web_is_asked_and_nobody_is_led_out_of_it() {
    let (at, _) = server(vec![
        "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n".into(),
        "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into(),
    ])
    .await;
    let web = WebClient::new().unwrap();
    let named = at.replace("127.0.0.1", "localhost");
    for bad in
        [&at, &named, "http://10.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://2130706433/", "http://0x7f.1/"]
    {
        let error = web.ask(Ask::new(Method::Get, bad)).await.unwrap_err();
        assert!(matches!(&error, Unanswered::Refused(why) if why.contains("not in the public web")), "{bad}: {error:?}");
    }
    for bad in ["ftp://example.org/x", "nonsense", "http://169.254.169.254/latest", "file:///etc/passwd"] {
        assert!(matches!(web.ask(ask(bad)).await, Err(Unanswered::Refused(_))), "{bad}");
    }
    for led in ["the machine's own management", "a file"] {
        assert!(matches!(web.ask(ask(&at)).await, Err(Unanswered::Refused(_))), "led to {led}");
    }
    let lines = Ask { private: true, ..Ask::new(Method::Get, &at) }.header("x-evil", "1\r\nHost: other");
    assert!(matches!(web.ask(lines).await, Err(Unanswered::Refused(_))), "a header holds one line");
}

#[tokio::test]
async fn a_failure_says_whether_the_server_may_have_acted() {
    let (at, _) = server(vec![
        "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nshort".into(),
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(5_000)),
        "SSH-2.0-OpenSSH\r\n".into(),
        String::new(),
    ])
    .await;
    let web = WebClient::new().unwrap();
    for case in ["half an answer", "too long an answer", "another protocol", "nothing at all"] {
        let ask = Ask { longest: 1_000, timeout: Duration::from_secs(20), ..ask(&at) };
        let error = web.ask(ask).await.unwrap_err();
        assert!(matches!(error, Unanswered::Broken(_)), "{case}: {error:?}");
    }
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let error = web.ask(ask(&nobody)).await.unwrap_err();
    assert!(matches!(error, Unanswered::Unreachable(_)), "{error:?}");
}
