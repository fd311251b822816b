create table temperatures (
  day date not null,
  city text not null,
  celsius double precision not null,
  primary key (day, city)
);
