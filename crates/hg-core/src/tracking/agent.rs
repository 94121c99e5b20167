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
