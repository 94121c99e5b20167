import type * as T from "./types";

type Empty = Record<never, never>;
type Op<R, I = Empty> = {
  parameters: (I extends { query: infer Q } ? { query?: Q } : Empty) &
    (I extends { path: infer P } ? { path: P } : Empty);
  responses: {
    200: { content: { "application/json": R } };
    default: { content: { "application/problem+json": T.Problem } };
  };
} & (I extends { body: infer B }
  ? { requestBody: { content: { "application/json": B } } }
  : { requestBody?: never });
type Id = { path: { id: number } };
type ListQuery = { search?: string; sort?: string; limit?: number; cursor?: string };
type Q<X = Empty> = { query: ListQuery & X };
type ContactScope = {
  search?: string;
  segment?: number;
  tag?: string;
  filter?: string;
  include_anonymous?: boolean;
};
type Crud<R, W> = {
  list: { get: Op<T.List<R>, Q>; post: Op<R, { body: W }> };
  one: { get: Op<R, Id>; patch: Op<R, Id & { body: W }>; delete: Op<undefined, Id> };
  restore: { post: Op<R, Id> };
};
type Users = Crud<T.User, Partial<T.User> & { password?: string }>;
type Fields = Crud<T.Field, Partial<T.Field>>;
type Tags = Crud<T.Tag, Partial<T.Tag>>;
type Segments = Crud<T.Segment, T.SegmentWrite>;
type Emails = Crud<T.Email, T.EmailWrite>;
type Pages = Crud<T.Page, T.PageWrite>;
type Forms = Crud<T.Form, T.FormWrite>;
type Campaigns = Crud<T.Campaign, T.CampaignWrite>;

export interface paths {
  "/setup": { get: Op<{ needed: boolean }>; post: Op<T.Session, { body: T.SetupBody }> };
  "/session": {
    get: Op<T.Session>;
    post: Op<T.Session, { body: { email: string; password: string } }>;
    delete: Op<undefined>;
  };
  "/me/password": { post: Op<undefined, { body: { current: string; new: string } }> };
  "/users": Users["list"];
  "/users/{id}": Users["one"];
  "/settings/general": {
    get: Op<T.GeneralSettings>;
    put: Op<T.GeneralSettings, { body: T.GeneralSettings }>;
  };
  "/settings/sending": {
    get: Op<T.SendingSettings>;
    put: Op<T.SendingSettings, { body: T.SendingSettings }>;
  };
  "/settings/tracking": {
    get: Op<T.TrackingSettings>;
    put: Op<T.TrackingSettings, { body: T.TrackingSettings }>;
  };
  "/dashboard": { get: Op<T.Dashboard, { query: { from?: string; to?: string } }> };
  "/activity": { get: Op<T.List<T.Activity>, Q<{ kinds?: string }>> };
  "/tasks": { get: Op<T.List<T.Task>, Q> };
  "/tasks/{id}": { get: Op<T.Task, Id> };
  "/tasks/{id}/stop": { post: Op<T.Task, Id> };
  "/tasks/{id}/resume": { post: Op<T.Task, Id> };

  "/contacts": {
    get: Op<T.List<T.Contact>, Q<ContactScope>>;
    post: Op<T.Contact, { body: T.ContactWrite }>;
  };
  "/contacts/{id}": {
    get: Op<T.Contact, Id>;
    patch: Op<T.Contact, Id & { body: T.ContactWrite }>;
    delete: Op<undefined, Id>;
  };
  "/contacts/{id}/restore": { post: Op<T.Contact, Id> };
  "/contacts/bulk": {
    post: Op<
      { affected: number; task_id: number | null },
      { body: { select: T.ContactSelect; action: T.BulkAction } }
    >;
  };
  "/contacts/{id}/timeline": { get: Op<T.List<T.TimelineItem>, Id & Q<{ kinds?: string }>> };
  "/contacts/{id}/segments": {
    get: Op<{ id: number; name: string; origin: string; joined_at: string }[], Id>;
  };
  "/contacts/{id}/campaigns": { get: Op<T.ContactCampaign[], Id> };
  "/contacts/{id}/consents": {
    get: Op<T.Consent[], Id>;
    post: Op<T.Consent, Id & { body: Pick<T.Consent, "purpose" | "state" | "text"> }>;
  };
  "/contacts/{id}/do-not-contact": {
    post: Op<T.Contact, Id & { body: { channel: string; comments: string } }>;
  };
  "/contacts/{id}/do-not-contact/{channel}": {
    delete: Op<undefined, { path: { id: number; channel: string } }>;
  };
  "/contacts/{id}/points": {
    post: Op<T.Contact, Id & { body: { operator: string; value: number; reason: string } }>;
  };
  "/fields": Fields["list"];
  "/fields/{id}": Fields["one"];
  "/fields/{id}/restore": Fields["restore"];
  "/tags": Tags["list"];
  "/tags/{id}": Tags["one"];
  "/tags/{id}/restore": Tags["restore"];
  "/imports": { get: Op<T.List<T.Import>, Q>; post: Op<T.Import, { body: unknown }> };
  "/imports/targets": { get: Op<T.ImportTarget[]> };
  "/imports/{id}": { get: Op<T.Import, Id>; patch: Op<T.Import, Id & { body: Partial<T.Import> }> };
  "/imports/{id}/dry-run": { post: Op<T.Import, Id> };
  "/imports/{id}/start": { post: Op<T.Import, Id> };
  "/imports/{id}/stop": { post: Op<T.Import, Id> };
  "/imports/{id}/resume": { post: Op<T.Import, Id> };

  "/segments": Segments["list"];
  "/segments/{id}": Segments["one"];
  "/segments/{id}/restore": Segments["restore"];
  "/segments/catalogue": { get: Op<T.Catalogue> };
  "/segments/preview": {
    post: Op<T.SegmentPreview, { body: { filter: T.Group; include_anonymous: boolean } }>;
  };
  "/segments/{id}/contacts": {
    get: Op<T.List<T.Contact>, Id & Q>;
    post: Op<unknown, Id & { body: { add?: number[]; remove?: number[] } }>;
  };
  "/segments/{id}/explain": { get: Op<T.Explain, Id & { query: { contact: number } }> };
  "/segments/{id}/changes": { get: Op<T.List<T.SegmentChange>, Id & Q> };
  "/segments/{id}/rebuild": { post: Op<T.Task, Id> };

  "/emails": Emails["list"];
  "/emails/{id}": Emails["one"];
  "/emails/{id}/restore": Emails["restore"];
  "/emails/preview": { post: Op<T.EmailPreview, { body: T.EmailWrite & { contact_id: number | null } }> };
  "/emails/{id}/test": { post: Op<unknown, Id & { body: { to: string[]; contact_id: number | null } }> };
  "/emails/{id}/audience": { get: Op<T.Audience, Id> };
  "/emails/{id}/send": { post: Op<T.Email, Id> };
  "/emails/{id}/pause": { post: Op<T.Email, Id> };
  "/emails/{id}/resume": { post: Op<T.Email, Id> };
  "/emails/{id}/recipients": { get: Op<T.List<T.Recipient>, Id & Q<{ state?: string }>> };
  "/emails/{id}/links": { get: Op<T.LinkStat[], Id> };
  "/outbox": { get: Op<T.List<T.CaughtMail>, Q>; delete: Op<undefined> };
  "/outbox/{id}": { get: Op<T.CaughtMailFull, Id> };
  "/outbox/{id}/open": { post: Op<unknown, Id> };

  "/pages": Pages["list"];
  "/pages/{id}": Pages["one"];
  "/pages/{id}/restore": Pages["restore"];
  "/pages/preview": { post: Op<{ html: string; warnings?: T.Warning[] }, { body: T.PageWrite }> };
  "/forms": Forms["list"];
  "/forms/{id}": Forms["one"];
  "/forms/{id}/restore": Forms["restore"];
  "/forms/{id}/submissions": { get: Op<T.List<T.Submission>, Id & Q> };

  "/campaigns": Campaigns["list"];
  "/campaigns/{id}": Campaigns["one"];
  "/campaigns/{id}/restore": Campaigns["restore"];
  "/campaigns/{id}/publish": { post: Op<T.Campaign, Id> };
  "/campaigns/{id}/pause": { post: Op<T.Campaign, Id> };
  "/campaigns/{id}/people": {
    get: Op<T.List<T.CampaignPerson>, Id & Q<{ step?: string; state?: string }>>;
    post: Op<unknown, Id & { body: { add?: number[]; remove?: number[] } }>;
  };
  "/campaigns/{id}/people/{contact}": {
    get: Op<T.CampaignPersonFull, { path: { id: number; contact: number } }>;
  };
}
