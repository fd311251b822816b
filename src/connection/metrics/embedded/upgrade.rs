//! Stores of earlier versions, which had a row for each sample, in a table `samples`.

use sqlx::{Sqlite, SqlitePool, Transaction};

use super::write::{self, Part};

/// Samples moved at once, which bounds memory.
const PAGE: i64 = 64 * 1024;

/// Moves the samples of the old table into chunks and removes it; all or nothing.
pub(super) async fn upgrade(writer: &SqlitePool) -> Result<(), sqlx::Error> {
    if !is_old(&mut writer.begin().await?).await? {
        return Ok(());
    }
    let mut transaction = writer.begin_with("begin immediate").await?;
    // Another process may have done it since.
    if is_old(&mut transaction).await? {
        let series: Vec<i64> = sqlx::query_scalar("select id from series").fetch_all(&mut *transaction).await?;
        for id in series {
            move_series(&mut transaction, id).await?;
        }
        sqlx::query("drop table samples").execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

async fn is_old(transaction: &mut Transaction<'static, Sqlite>) -> Result<bool, sqlx::Error> {
    let table = sqlx::query_scalar::<_, i64>("select 1 from sqlite_schema where type = 'table' and name = 'samples'");
    Ok(table.fetch_optional(&mut **transaction).await?.is_some())
}

async fn move_series(transaction: &mut Transaction<'static, Sqlite>, id: i64) -> Result<(), sqlx::Error> {
    let mut after = i64::MIN;
    loop {
        let page = "select at_ms, value from samples where series_id = ? and at_ms > ? order by at_ms limit ?";
        let page = sqlx::query_as(page).bind(id).bind(after).bind(PAGE);
        let rows: Vec<(i64, f64)> = page.fetch_all(&mut **transaction).await?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = *last;
        let (at_ms, values): (Vec<i64>, Vec<f64>) = rows.into_iter().unzip();
        write::merge(transaction, &[Part { id, at_ms: &at_ms, values: &values }]).await?;
    }
}
