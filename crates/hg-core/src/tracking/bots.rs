//! Programs that fetch pages and open mails without a person behind them.

/// Words in the name of a program that give it away, in lower case. Our own list, gathered from what
/// crawlers, link checkers, monitors and HTTP libraries say about themselves.
const WORDS: &[&str] = &[
    "bot/",
    "bot;",
    "bot ",
    "bot)",
    "robot",
    "crawler",
    "crawling",
    "spider",
    "slurp",
    "archiver",
    "scraper",
    "fetcher",
    "headlesschrome",
    "phantomjs",
    "puppeteer",
    "playwright",
    "selenium",
    "lighthouse",
    "pagespeed",
    "pingdom",
    "uptime",
    "statuscake",
    "monitoring",
    "checker",
    "validator",
    "linkcheck",
    "preview",
    "facebookexternalhit",
    "whatsapp",
    "telegrambot",
    "slackbot",
    "slack-imgproxy",
    "discordbot",
    "skypeuripreview",
    "linkedinbot",
    "pinterest/",
    "embedly",
    "quora link",
    "outbrain",
    "bingpreview",
    "mediapartners",
    "adsbot",
    "feedfetcher",
    "apis-google",
    "ahrefs",
    "semrush",
    "mj12",
    "dotbot",
    "rogerbot",
    "screaming frog",
    "petalbot",
    "yandex",
    "baiduspider",
    "sogou",
    "exabot",
    "ia_archiver",
    "gptbot",
    "claudebot",
    "ccbot",
    "bytespider",
    "amazonbot",
    "applebot",
    "duckduckgo",
    "curl/",
    "wget/",
    "python-requests",
    "python-urllib",
    "python-httpx",
    "aiohttp",
    "scrapy",
    "go-http-client",
    "java/",
    "apache-httpclient",
    "okhttp",
    "libwww-perl",
    "lwp-",
    "guzzlehttp",
    "php/",
    "node-fetch",
    "axios/",
    "undici",
    "ruby",
    "faraday",
    "postmanruntime",
    "insomnia/",
    "httpie",
    "nmap",
    "masscan",
    "zgrab",
    "nikto",
    "nessus",
    "qualys",
    "barracuda",
    "mimecast",
    "proofpoint",
    "safelinks",
    "trendmicro",
    "symantec",
    "forcepoint",
    "zscaler",
    "sophos",
    "mail.ru_bot",
    "oii-research",
    "heritrix",
    "nutch",
    "teoma",
    "coccoc",
    "seznambot",
    "siteimprove",
    "w3c_",
    "jigsaw",
];

/// Whether a program names itself a robot, or does not name itself at all.
///
/// ```
/// use hg_core::tracking::is_robot;
/// assert!(is_robot("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"));
/// assert!(is_robot(""));
/// assert!(!is_robot("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"));
/// ```
pub fn is_robot(user_agent: &str) -> bool {
    let name = user_agent.trim();
    if name.is_empty() {
        return true;
    }
    let lower = name.to_ascii_lowercase();
    lower.ends_with("bot") || WORDS.iter().any(|word| lower.contains(word))
}

/// The words of the list, for display.
pub fn robots() -> &'static [&'static str] {
    WORDS
}
