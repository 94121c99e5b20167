//! First run, sign-in, sign-out.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse};
use hg_app::users::{self, NewUser, SessionInfo};
use hg_app::{Cx, Error, ErrorKind, OpenDoor, Role, Workspace};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::{COOKIE_NAME, Caller, OWN_USER_COOKIE, session_token};
use crate::input::Body;
use crate::limit;
use crate::native::users::UserOut;
use crate::problem::Answer;
use crate::request::{ClientAddress, Secure};

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(needs_setup, set_up)).routes(routes!(current, sign_in, sign_out))
}

#[derive(Serialize, ToSchema)]
struct SetupNeeded {
    /// Nobody can sign in yet: show the first-run page.
    needed: bool,
    /// How to sign in to the demo, when this is one with the account that everybody knows.
    demo: Option<DemoSignIn>,
}

#[derive(Serialize, ToSchema)]
struct DemoSignIn {
    email: String,
    password: String,
}

#[derive(Deserialize, ToSchema)]
struct SetupIn {
    email: String,
    password: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    site_name: String,
    #[serde(default)]
    site_url: String,
    #[serde(default)]
    timezone: String,
    #[serde(default)]
    sender_name: String,
    #[serde(default)]
    sender_email: String,
}

#[derive(Deserialize, ToSchema)]
struct Credentials {
    email: String,
    password: String,
}

/// Who is signed in, and what the app needs to know of the workspace.
#[derive(Serialize, ToSchema)]
struct SessionOut {
    user: UserOut,
    /// Goes into the header `x-csrf-token` of requests that change something.
    csrf_token: String,
    site: SiteOut,
    mail: MailOut,
    demo: bool,
}

#[derive(Serialize, ToSchema)]
struct SiteOut {
    name: String,
    url: String,
    timezone: String,
    locale: String,
}

#[derive(Serialize, ToSchema)]
struct MailOut {
    #[schema(value_type = super::words::TransportWord)]
    transport: String,
}

fn present(ws: &Workspace, session: &SessionInfo) -> SessionOut {
    let settings = ws.settings();
    let url = if settings.general.site_url.is_empty() { ws.site.url.clone() } else { settings.general.site_url.clone() };
    SessionOut {
        user: UserOut::from(session.user.clone()),
        csrf_token: session.csrf_token.clone(),
        site: SiteOut {
            name: settings.general.site_name.clone(),
            url,
            timezone: settings.general.timezone.clone(),
            locale: settings.general.locale.clone(),
        },
        mail: MailOut { transport: ws.mail_transport().to_owned() },
        demo: ws.site.demo,
    }
}

/// The session's cookie: only for `/s`, unreadable to scripts, never sent from other sites.
/// Beside it the mark by which public pages know our own people.
fn cookies(Secure(secure): Secure, token: &str, max_age: i64) -> AppendHeaders<[(axum::http::HeaderName, HeaderValue); 2]> {
    let (only, site) = if secure { ("; Secure", "None; Secure") } else { ("", "Lax") };
    let session = format!("{COOKIE_NAME}={token}; Path=/s; HttpOnly; SameSite=Strict; Max-Age={max_age}{only}");
    let own = format!("{OWN_USER_COOKIE}=1; Path=/; HttpOnly; SameSite={site}; Max-Age={max_age}");
    let header = |text: &str| (SET_COOKIE, HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("")));
    AppendHeaders([header(&session), header(&own)])
}

const FOURTEEN_DAYS: i64 = 14 * 86_400;

/// Whether the first run is still to come.
#[utoipa::path(get, path = "/setup", tag = "session", responses((status = 200, body = SetupNeeded)))]
async fn needs_setup(Caller(cx): Caller) -> Answer<Json<SetupNeeded>> {
    let demo = cx.ws.part::<OpenDoor>().0.clone().map(|(email, password)| DemoSignIn { email, password });
    Ok(Json(SetupNeeded { needed: users::needs_setup(&cx).await?, demo }))
}

/// The first run: makes the administrator, sets the site and the sender, and signs in. Works once.
#[utoipa::path(post, path = "/setup", tag = "session", request_body = SetupIn, responses((status = 201, body = SessionOut)))]
async fn set_up(
    Caller(cx): Caller,
    State(web): State<Web>,
    Extension(address): Extension<ClientAddress>,
    Extension(secure): Extension<Secure>,
    Body(body): Body<SetupIn>,
) -> Answer<impl IntoResponse> {
    if !limit::allows(&web.ws, limit::What::Setup, address.0) {
        return Err(Error::new(ErrorKind::TooMany { retry_after: 60 }, "too-many", "Too many tries. Wait a minute.").into());
    }
    let (email, password) = (body.email.clone(), body.password.clone());
    let setup = users::Setup {
        user: NewUser {
            email: body.email,
            password: body.password,
            first_name: body.first_name,
            last_name: body.last_name,
            role: Role::Administrator,
            timezone: None,
        },
        site_name: body.site_name,
        site_url: body.site_url,
        timezone: body.timezone,
        sender_name: body.sender_name,
        sender_email: body.sender_email,
    };
    users::set_up(&cx, setup).await?;
    let session = users::sign_in(&cx, &email, &password, &address.0.to_string()).await?;
    Ok((StatusCode::CREATED, cookies(secure, &session.token, FOURTEEN_DAYS), Json(present(&web.ws, &session))))
}

/// Signs in.
#[utoipa::path(post, path = "/session", tag = "session", request_body = Credentials, responses((status = 201, body = SessionOut)))]
async fn sign_in(
    Caller(cx): Caller,
    State(web): State<Web>,
    Extension(address): Extension<ClientAddress>,
    Extension(secure): Extension<Secure>,
    Body(body): Body<Credentials>,
) -> Answer<impl IntoResponse> {
    let cx = Cx { actor: hg_app::Actor::Public, ..cx };
    let session = users::sign_in(&cx, &body.email, &body.password, &address.0.to_string()).await?;
    Ok((StatusCode::CREATED, cookies(secure, &session.token, FOURTEEN_DAYS), Json(present(&web.ws, &session))))
}

/// Who is signed in.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = SessionOut)))]
async fn current(State(web): State<Web>, session: Option<Extension<SessionInfo>>) -> Answer<Json<SessionOut>> {
    let Extension(session) = session.ok_or_else(Error::unauthenticated)?;
    Ok(Json(present(&web.ws, &session)))
}

/// Signs out.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
async fn sign_out(Caller(cx): Caller, Extension(secure): Extension<Secure>, headers: HeaderMap) -> Answer<impl IntoResponse> {
    if let Some(token) = session_token(&headers) {
        users::sign_out(&cx, &token).await?;
    }
    Ok((StatusCode::NO_CONTENT, cookies(secure, "", 0)))
}
