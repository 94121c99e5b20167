//! `/api/devices` (`api.md` §3.6) and the devices of a contact.

use async_trait::async_trait;
use axum::extract::{Path, RawQuery};
use axum::routing::get;
use axum::{Json, Router};
use hg_app::Cx;
use hg_app::contacts::{self, Device, DeviceInput, DeviceTraits};
use hg_app::list::ListQuery;
use hg_core::ids::{ContactId, DeviceId};
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::contact_parts::{contact_id, no_contact};
use super::contacts::{Around, basics};
use super::crud::{CompatList, Entity, ids, routes};
use crate::Web;
use crate::auth::Caller;

pub fn router() -> Router<Web> {
    routes::<Devices>().route("/contacts/{id}/devices", get(of_contact))
}

struct Devices;

async fn show(cx: &Cx, all: &[Device]) -> CompatAnswer<Vec<(i64, Value)>> {
    let around = Around::of(cx, Vec::new()).await?;
    let people = contacts::several(cx, all.iter().map(|d| d.contact).collect()).await?;
    let one = |d: &Device| {
        let t = &d.traits;
        let lead = people.iter().find(|c| c.id == d.contact).map(|c| basics(c, &around));
        let client = t.client.clone().unwrap_or_else(|| match &t.program {
            Some(program) => json!({"type": "browser", "name": program}),
            None => json!([]),
        });
        let short = t.os_short.clone().or_else(|| t.os.as_deref().map(|os| hg_core::tracking::short_system(os).to_owned()));
        let row = json!({
            "id": d.id, "lead": lead, "clientInfo": client, "device": t.kind, "deviceBrand": t.brand, "deviceModel": t.model,
            "deviceOsName": t.os, "deviceOsShortName": short, "deviceOsVersion": t.os_version, "deviceOsPlatform": t.os_platform,
        });
        (d.id.0, row)
    };
    Ok(all.iter().map(one).collect())
}

async fn shown(cx: &Cx, device: Device) -> CompatAnswer<Value> {
    Ok(show(cx, &[device]).await?.pop().map(|(_, row)| row).unwrap_or_default())
}

async fn of_contact(Caller(cx): Caller, Path(id): Path<String>, RawQuery(query): RawQuery) -> CompatAnswer<Json<Value>> {
    let asked = CompatList::parse(query.as_deref().unwrap_or(""))?;
    let list = ListQuery { limit: asked.limit, offset: asked.start, ..ListQuery::default() };
    let page = contacts::devices(&cx, Some(contact_id(&id)?), list).await.map_err(no_contact)?;
    let rows: Vec<Value> = show(&cx, &page.items).await?.into_iter().map(|(_, row)| row).collect();
    Ok(Json(json!({"total": page.total.unwrap_or(0), "devices": rows})))
}

fn read(body: &Map<String, Value>) -> DeviceInput {
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let client = body.get("clientInfo").filter(|c| c.is_object()).cloned();
    DeviceInput {
        contact: ids(body.get("lead").or_else(|| body.get("contact"))).first().map(|id| ContactId(*id)),
        tracking_id: text("trackingId"),
        traits: DeviceTraits {
            kind: text("device"),
            brand: text("deviceBrand"),
            model: text("deviceModel"),
            os: text("deviceOsName"),
            os_short: text("deviceOsShortName"),
            os_version: text("deviceOsVersion"),
            os_platform: text("deviceOsPlatform"),
            program: client.as_ref().and_then(|c| c.get("name")).and_then(Value::as_str).map(str::to_owned),
            client,
        },
    }
}

#[async_trait]
impl Entity for Devices {
    const PATH: &'static str = "devices";
    const ONE: &'static str = "device";
    const MANY: &'static str = "devices";
    const KEYED: bool = false;

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let list = ListQuery { limit: query.limit, offset: query.start, ..ListQuery::default() };
        let page = contacts::devices(cx, None, list).await?;
        Ok((page.total.unwrap_or(0), show(cx, &page.items).await?))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        shown(cx, contacts::device(cx, DeviceId(id)).await?).await
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let new = read(&body);
        if new.contact.is_none() {
            return Err(CompatError::bad("lead: Say which contact the device belongs to."));
        }
        let (device, made) = contacts::add_device(cx, new).await.map_err(no_contact)?;
        Ok((device.id.0, shown(cx, device).await?, made))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, _replace: bool) -> CompatAnswer<Value> {
        shown(cx, contacts::change_device(cx, DeviceId(id), read(&body)).await?).await
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        let device = contacts::forget_device(cx, DeviceId(id)).await?;
        shown(cx, device).await
    }
}
