//! People who sign in.

use axum::Json;
use axum::http::StatusCode;
use hg_app::users::{self, NewUser, User, UserPatch};
use hg_app::{Error, Role};
use hg_core::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, PageOut, Path};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, update, delete)).routes(routes!(change_password))
}

/// Somebody who signs in.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserOut {
    id: i64,
    version: i64,
    email: String,
    first_name: String,
    last_name: String,
    #[schema(value_type = super::words::RoleWord)]
    role: String,
    timezone: Option<String>,
    created_at: String,
    updated_at: String,
    last_sign_in_at: Option<String>,
}

impl From<User> for UserOut {
    fn from(u: User) -> Self {
        Self {
            id: u.id.0,
            version: u.version,
            email: u.email,
            first_name: u.first_name,
            last_name: u.last_name,
            role: u.role.key().to_owned(),
            timezone: u.timezone,
            created_at: u.created_at.rfc3339(),
            updated_at: u.updated_at.rfc3339(),
            last_sign_in_at: u.last_sign_in_at.map(|t| t.rfc3339()),
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct UserIn {
    email: String,
    password: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[schema(value_type = super::words::RoleWord)]
    role: String,
    timezone: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct UserChange {
    version: Option<i64>,
    email: Option<String>,
    password: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    #[schema(value_type = Option<super::words::RoleWord>)]
    role: Option<String>,
    timezone: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct PasswordChange {
    current: String,
    new: String,
}

fn role(key: &str) -> Result<Role, Error> {
    Role::from_key(key).ok_or_else(|| Error::field("/role", "role", "Choose the role administrator, author or viewer."))
}

/// Everybody who can sign in.
#[utoipa::path(get, path = "/users", tag = "users", responses((status = 200, body = PageOut<UserOut>)))]
async fn list(Caller(cx): Caller) -> Answer<Json<PageOut<UserOut>>> {
    let all = users::list(&cx).await?;
    let total = Some(all.len() as u64);
    Ok(Json(PageOut { items: all.into_iter().map(UserOut::from).collect(), next_cursor: None, total }))
}

/// Makes an account.
#[utoipa::path(post, path = "/users", tag = "users", request_body = UserIn, responses((status = 201, body = UserOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<UserIn>) -> Answer<(StatusCode, Json<UserOut>)> {
    let role = role(&b.role)?;
    let new = NewUser {
        email: b.email,
        password: b.password,
        first_name: b.first_name,
        last_name: b.last_name,
        role,
        timezone: b.timezone,
    };
    Ok((StatusCode::CREATED, Json(users::create(&cx, new).await?.into())))
}

/// One account.
#[utoipa::path(get, path = "/users/{id}", tag = "users", params(("id" = i64, Path)), responses((status = 200, body = UserOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<UserId>) -> Answer<Json<UserOut>> {
    Ok(Json(users::get(&cx, id).await?.into()))
}

/// Changes an account; only named keys change.
#[utoipa::path(patch, path = "/users/{id}", tag = "users", params(("id" = i64, Path)), request_body = UserChange, responses((status = 200, body = UserOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<UserId>, Body(b): Body<UserChange>) -> Answer<Json<UserOut>> {
    let patch = UserPatch {
        version: b.version,
        email: b.email,
        password: b.password,
        first_name: b.first_name,
        last_name: b.last_name,
        role: b.role.as_deref().map(role).transpose()?,
        timezone: b.timezone.map(|z| Some(z).filter(|z| !z.is_empty())),
    };
    Ok(Json(users::update(&cx, id, patch).await?.into()))
}

/// Deletes an account. The last administrator stays.
#[utoipa::path(delete, path = "/users/{id}", tag = "users", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<UserId>) -> Answer<StatusCode> {
    users::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the own password; every session ends.
#[utoipa::path(post, path = "/me/password", tag = "users", request_body = PasswordChange, responses((status = 204)))]
async fn change_password(Caller(cx): Caller, Body(b): Body<PasswordChange>) -> Answer<StatusCode> {
    users::change_password(&cx, &b.current, &b.new).await?;
    Ok(StatusCode::NO_CONTENT)
}
