//! What a program tells about the device it runs on; enough for "desktop or telephone, and which system".

/// A device, as far as it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// `desktop`, `smartphone`, `tablet`, `tv`, `console` or `unknown`.
    pub kind: &'static str,
    /// Operating system.
    pub system: &'static str,
    /// Browser or mail program.
    pub program: &'static str,
    /// Maker, where it is certain.
    pub brand: &'static str,
}

/// What else the name of a program gives away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Versions {
    /// Of the operating system, such as `10.15.7`.
    pub system: String,
    /// `x64`, `x86` or `ARM`.
    pub platform: &'static str,
    /// Of the browser or mail program.
    pub program: String,
    /// Of a telephone or tablet.
    pub model: String,
}

/// Reads versions and the model off the name of a program.
///
/// ```
/// let seen = hg_core::tracking::versions_of("Mozilla/5.0 (Linux; Android 13; Pixel 7 Build/TQ3A) Chrome/120.0.0.0 Mobile Safari/537.36");
/// assert_eq!((seen.system.as_str(), seen.model.as_str(), seen.program.as_str()), ("13", "Pixel 7", "120"));
/// ```
pub fn versions_of(user_agent: &str) -> Versions {
    let number = |after: &str| -> Option<String> {
        let rest = user_agent.split_once(after)?.1;
        let version: String = rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | '_')).take(20).collect();
        Some(version.replace('_', ".").trim_matches('.').to_owned()).filter(|v| !v.is_empty())
    };
    let first = |places: &[&str]| places.iter().find_map(|place| number(place)).unwrap_or_default();
    let says = |word: &str| user_agent.contains(word);
    let platform = if says("x86_64") || says("Win64") || says("x64") || says("WOW64") {
        "x64"
    } else if says("aarch64") || says("arm") || says("ARM") {
        "ARM"
    } else if says("i686") || says("i386") {
        "x86"
    } else {
        ""
    };
    let program =
        first(&["Edg/", "OPR/", "SamsungBrowser/", "Thunderbird/", "FxiOS/", "Firefox/", "CriOS/", "Chrome/", "Version/"]);
    let model = user_agent
        .split_once("Android ")
        .and_then(|(_, rest)| rest.split_once("; "))
        .map(|(_, rest)| rest.split([')', ';']).next().unwrap_or("").split(" Build").next().unwrap_or("").trim().to_owned())
        .filter(|model| model.len() > 1 && model.len() <= 60 && !matches!(model.as_str(), "Mobile" | "Tablet"));
    let apple = ["iPhone", "iPad", "iPod"].into_iter().find(|name| says(name)).map(str::to_owned);
    Versions {
        system: first(&["Android ", "Windows NT ", "Mac OS X ", "iPhone OS ", "CPU OS ", "CrOS x86_64 "]),
        platform,
        program: program.split('.').next().unwrap_or("").to_owned(),
        model: apple.or(model).unwrap_or_default(),
    }
}

/// The three letters by which older clients know an operating system.
pub fn short_system(system: &str) -> &'static str {
    match system {
        "Android" => "AND",
        "Chrome OS" => "COS",
        "iOS" => "IOS",
        "Linux" => "LIN",
        "macOS" => "MAC",
        "Windows" => "WIN",
        _ => "",
    }
}

/// Reads the name of a program.
///
/// ```
/// let phone = hg_core::tracking::device_of("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1");
/// assert_eq!((phone.kind, phone.system, phone.program, phone.brand), ("smartphone", "iOS", "Safari", "Apple"));
/// ```
pub fn device_of(user_agent: &str) -> Device {
    let says = |word: &str| user_agent.contains(word);
    let system = if says("iPad") || says("iPhone") || says("iPod") {
        "iOS"
    } else if says("Android") {
        "Android"
    } else if says("Windows") {
        "Windows"
    } else if says("CrOS") {
        "Chrome OS"
    } else if says("Mac OS X") || says("Macintosh") {
        "macOS"
    } else if says("Linux") || says("X11") {
        "Linux"
    } else {
        ""
    };
    let kind = if says("SmartTV") || says("SMART-TV") || says("AppleTV") || says("BRAVIA") {
        "tv"
    } else if says("PlayStation") || says("Xbox") || says("Nintendo") {
        "console"
    } else if says("iPad") || says("Tablet") || (system == "Android" && !says("Mobile")) {
        "tablet"
    } else if system == "iOS" || says("Mobile") {
        "smartphone"
    } else if system.is_empty() {
        "unknown"
    } else {
        "desktop"
    };
    let program = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Thunderbird", "Thunderbird"),
        ("Outlook", "Outlook"),
        ("Firefox", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ]
    .into_iter()
    .find(|(word, _)| says(word))
    .map_or("", |(_, name)| name);
    let brand = if matches!(system, "iOS" | "macOS") {
        "Apple"
    } else if says("SM-") || says("Samsung") {
        "Samsung"
    } else if says("Pixel") {
        "Google"
    } else {
        ""
    };
    Device { kind, system, program, brand }
}
